"""Returns a result of some size."""
# arguments: {"count": 2000}
# value: {"rows": 2000, "last": "row 1999", "squares": 2664667000}

from luthier import tool


@tool
def run(count: int) -> dict[str, int | str]:
    """A summary of a table that would be a hundred kilobytes."""
    table = [{"id": number, "name": f"row {number}", "square": number * number} for number in range(count)]
    return {"rows": len(table), "last": table[-1]["name"], "squares": sum(row["square"] for row in table)}
