"""Wraps functions, with and without arguments."""
# value: [40, "double", "Doubles."]

import functools
from collections.abc import Callable

from luthier import tool

Function = Callable[[int], int]


def repeated(times: int) -> Callable[[Function], Function]:
    def wrap(function: Function) -> Function:
        @functools.wraps(function)
        def call(number: int) -> int:
            for _ in range(times):
                number = function(number)
            return number

        return call

    return wrap


@repeated(times=3)
def double(number: int) -> int:
    """Doubles."""
    return number * 2


@tool
def run() -> list[int | str | None]:
    """The result, and what the wrapped function is called."""
    return [double(5), double.__name__, double.__doc__]
