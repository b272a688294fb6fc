"""Solves a sudoku by trying."""
# arguments: {"grid": "530070000600195000098000060800060003400803001700020006060000280000419005000080079"}
# value: "534678912672195348198342567859761423426853791713924856961537284287419635345286179"

from luthier import ToolError, tool


def free(grid: list[str], at: int) -> set[str]:
    row, column = divmod(at, 9)
    box = [grid[(row // 3 * 3 + i) * 9 + column // 3 * 3 + j] for i in range(3) for j in range(3)]
    return set("123456789") - set(grid[row * 9 : row * 9 + 9]) - set(grid[column::9]) - set(box)


def solve(grid: list[str]) -> bool:
    gaps = [at for at in range(81) if grid[at] == "0"]
    if not gaps:
        return True
    at = min(gaps, key=lambda gap: len(free(grid, gap)))
    for digit in sorted(free(grid, at)):
        grid[at] = digit
        if solve(grid):
            return True
    grid[at] = "0"
    return False


@tool
def run(grid: str) -> str:
    """The grid without gaps."""
    cells = list(grid)
    if not solve(cells):
        raise ToolError("it has no solution")
    return "".join(cells)
