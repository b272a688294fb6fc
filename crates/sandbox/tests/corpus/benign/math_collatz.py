"""Finds the longest Collatz sequence, with a cache."""
# arguments: {"below": 3000}
# value: [2919, 217]

import functools

from luthier import tool


@functools.cache
def length(number: int) -> int:
    return 1 if number == 1 else 1 + length(number // 2 if number % 2 == 0 else 3 * number + 1)


@tool
def run(below: int) -> list[int]:
    """The start of the longest, and its length."""
    best = max(range(1, below), key=length)
    return [best, length(best)]
