"""Uses tools for functions."""
# value: [24, 1024, "the number 3", "a list of 1", "something", "a", "bb", "ccc"]

import functools
import operator

from luthier import tool


@functools.singledispatch
def describe(value: object) -> str:
    return "something"


@describe.register
def _(value: int) -> str:
    return f"the number {value}"


@describe.register
def _(value: list) -> str:
    return f"a list of {len(value)}"


@tool
def run() -> list[str | int]:
    """Reduces, fills in, dispatches and compares."""
    power_of_two = functools.partial(pow, 2)
    by_length = functools.cmp_to_key(lambda left, right: len(left) - len(right))
    return [
        functools.reduce(operator.mul, [1, 2, 3, 4]), power_of_two(10), describe(3), describe([1]),
        describe("x"), *sorted(["ccc", "a", "bb"], key=by_length),
    ]  # fmt: skip
