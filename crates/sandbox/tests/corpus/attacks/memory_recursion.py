"""Recurses three million deep, having lifted the limit."""
# effect: memory 400
# expect-wasm: raised | memory | crashed | deadline
# expect-native: raised | memory | killed | crashed | deadline

import sys

from luthier import tool


def down(depth: int) -> int:
    return 0 if depth == 0 else 1 + down(depth - 1)


@tool
def attack() -> str:
    """Goes down."""
    sys.setrecursionlimit(10**9)
    return f"escaped: {down(3 * 10**6)} deep"
