"""Walks a grid in a spiral."""
# arguments: {"rows": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}
# value: [1, 2, 3, 6, 9, 8, 7, 4, 5]

from luthier import tool


@tool
def run(rows: list[list[int]]) -> list[int]:
    """The numbers from outside to inside."""
    walked: list[int] = []
    while rows:
        first, *rest = rows
        walked += first
        rows = [list(row) for row in zip(*rest, strict=True)][::-1]
    return walked
