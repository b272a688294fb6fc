"""A count of steps: what candidates are bounded by, so that the same one always ends at the same place."""

from __future__ import annotations

# What instrumented texts call at each turn of a loop and at the start of each function.
NAME = "_luthier_step"


class OutOfSteps(BaseException):
    """The program took more steps than it may. No handler of its own is meant to catch this."""


class Counter:
    """One for the process: `step` is put into the program's namespace."""

    __slots__ = ("left", "taken_from")

    def __init__(self) -> None:
        self.left = 0
        self.taken_from = 0

    def allow(self, steps: int) -> None:
        self.left = self.taken_from = steps

    def taken(self) -> int:
        return self.taken_from - self.left


COUNTER = Counter()


def step() -> bool:
    """True, so that it can stand in a condition."""
    COUNTER.left -= 1
    if COUNTER.left < 0:
        raise OutOfSteps
    return True
