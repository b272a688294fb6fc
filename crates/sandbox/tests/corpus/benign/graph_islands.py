"""Counts islands on a map."""
# arguments: {"rows": ["##..#", "#...#", "..#..", "....#"]}
# value: [3, 2, 1, 1]

from luthier import tool


@tool
def run(rows: list[str]) -> list[int]:
    """The size of each island, the largest first."""
    land = {(x, y) for y, row in enumerate(rows) for x, cell in enumerate(row) if cell == "#"}
    sizes = []
    while land:
        waiting, size = [land.pop()], 0
        while waiting:
            x, y = waiting.pop()
            size += 1
            near = {(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)} & land
            land -= near
            waiting += near
        sizes.append(size)
    return sorted(sizes, reverse=True)
