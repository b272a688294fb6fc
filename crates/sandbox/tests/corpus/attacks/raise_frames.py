"""Raises through thirty thousand frames, no two of them alike to the eye."""
# effect: told 3000000
# expect-wasm: raised | output | deadline | crashed | memory
# expect-native: raised | output | deadline | killed | crashed | memory

import sys

from luthier import tool


def even(depth: int) -> int:
    return odd(depth - 1)


def odd(depth: int) -> int:
    if depth <= 0:
        raise ValueError("deep down")
    return even(depth - 1)


@tool
def attack() -> str:
    """Fails far away."""
    sys.setrecursionlimit(10**6)
    return str(even(30_000))
