"""Finds places in sorted lists."""
# arguments: {"scores": [33, 99, 77, 70, 89, 90, 100]}
# value: "FACCBAA 33 3"

import bisect

from luthier import tool


@tool
def run(scores: list[int]) -> str:
    """Turns scores into grades, and keeps a list sorted."""
    kept: list[int] = []
    for score in scores:
        bisect.insort(kept, score)
    grades = "".join("FDCBA"[bisect.bisect([60, 70, 80, 90], score)] for score in scores)
    return f"{grades} {kept[0]} {bisect.bisect_left(kept, 89)}"
