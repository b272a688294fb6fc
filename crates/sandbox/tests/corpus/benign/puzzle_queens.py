"""Puts eight queens on a board."""
# arguments: {"size": 6}
# value: {"ways": 4, "first": [1, 3, 5, 0, 2, 4]}

from collections.abc import Iterator

from luthier import tool


def placed(size: int, queens: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    row = len(queens)
    if row == size:
        yield queens
        return
    for column in range(size):
        if all(column != other and abs(column - other) != row - at for at, other in enumerate(queens)):
            yield from placed(size, (*queens, column))


@tool
def run(size: int) -> dict[str, int | list[int]]:
    """How many ways there are, and the first."""
    ways = list(placed(size))
    return {"ways": len(ways), "first": list(ways[0])}
