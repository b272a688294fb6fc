"""A tool that uses a package from `tools/requirements.txt`: it knows how wide a letter is shown."""

from typing import Annotated

from luthier import Context, Field, ToolError, tool
from wcwidth import wcswidth

Rows = Annotated[list[list[str]], Field(min_length=1, max_length=1000)]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def align(rows: Rows, ctx: Context, right: Annotated[list[int], "columns to align right, from 0"] = []) -> str:  # noqa: B006 - never changed
    """Sets rows of cells in columns for a terminal, also where letters are two columns wide.

    Args:
        rows: cells by row
    """
    widths = [0] * max(map(len, rows))
    for row in rows:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], _width(cell))
    gap = " " * ctx.state["gap"]
    lines = []
    for row in rows:
        cells = []
        for place, cell in enumerate(row):
            blanks = " " * (widths[place] - _width(cell))
            cells.append(blanks + cell if place in right else cell + blanks)
        lines.append(gap.join(cells).rstrip())
    return "\n".join(lines)


def _width(cell: str) -> int:
    width: int = wcswidth(cell)
    if width < 0:
        raise ToolError(f"the cell {cell!r} holds a control character")
    return width
