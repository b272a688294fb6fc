"""Finds the way out of a maze, breadth first."""
# arguments: {"rows": ["S.#.", "..#.", "#...", "###E"]}
# value: 6

from collections import deque

from luthier import ToolError, tool


@tool
def run(rows: list[str]) -> int:
    """The number of steps from S to E."""
    cells = {(x, y): cell for y, row in enumerate(rows) for x, cell in enumerate(row) if cell != "#"}
    start = next(place for place, cell in cells.items() if cell == "S")
    steps, waiting = {start: 0}, deque([start])
    while waiting:
        x, y = place = waiting.popleft()
        if cells[place] == "E":
            return steps[place]
        for other in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if other in cells and other not in steps:
                steps[other] = steps[place] + 1
                waiting.append(other)
    raise ToolError("there is no way out")
