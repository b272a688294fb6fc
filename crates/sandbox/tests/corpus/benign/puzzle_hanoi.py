"""Moves a tower of discs."""
# arguments: {"discs": 4}
# value: {"moves": 15, "first": ["AB", "AC", "BC", "AB", "CA"]}

from luthier import tool


def moves(discs: int, start: str, end: str, spare: str) -> list[str]:
    if discs == 0:
        return []
    return [*moves(discs - 1, start, spare, end), start + end, *moves(discs - 1, spare, end, start)]


@tool
def run(discs: int) -> dict[str, int | list[str]]:
    """The number of moves, and the first few."""
    made = moves(discs, "A", "C", "B")
    return {"moves": len(made), "first": made[:5]}
