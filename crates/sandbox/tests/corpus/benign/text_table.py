"""Reads a table of Markdown."""
# arguments: {"text": "| name | age |\n| --- | ---: |\n| Ada | 36 |\n| Alan | 41 |"}
# value: [{"name": "Ada", "age": "36"}, {"name": "Alan", "age": "41"}]

from luthier import ToolError, tool


@tool
def run(text: str) -> list[dict[str, str]]:
    """One object for each row."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()]
    if len(rows) < 2 or not all(set(cell) <= set("-:") for cell in rows[1]):
        raise ToolError("there is no line of dashes below the head")
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
