"""Counts in closures that share nothing."""
# value: [1, 2, 10, 3, 2, 2, 2, 0, 1, 2]

from collections.abc import Callable

from luthier import tool


def counter(step: int) -> Callable[[], int]:
    count = 0

    def next_one() -> int:
        nonlocal count
        count += step
        return count

    return next_one


@tool
def run() -> list[int]:
    """Two counters, and functions made in a loop."""
    ones, tens = counter(1), counter(10)
    late = [lambda: i for i in range(3)]
    early = [lambda i=i: i for i in range(3)]
    return [ones(), ones(), tens(), ones(), *(f() for f in late), *(f() for f in early)]
