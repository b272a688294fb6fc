"""Finds what two texts have in common."""
# arguments: {"left": "AGGTAB", "right": "GXTXAYB"}
# value: "GTAB"

import functools

from luthier import tool


@tool
def run(left: str, right: str) -> str:
    """The longest common subsequence."""

    @functools.cache
    def common(i: int, j: int) -> str:
        if i == len(left) or j == len(right):
            return ""
        if left[i] == right[j]:
            return left[i] + common(i + 1, j + 1)
        return max(common(i + 1, j), common(i, j + 1), key=len)

    return common(0, 0)
