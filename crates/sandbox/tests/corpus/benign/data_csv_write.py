"""Writes a table with quotes where they are needed."""
# arguments: {"rows": [["a", "b,c"], ["say \"x\"", "line\nbreak"]]}
# value: "a,\"b,c\"\n\"say \"\"x\"\"\",\"line\nbreak\"\n"

import csv
import io

from luthier import tool


@tool
def run(rows: list[list[str]]) -> str:
    """The rows as text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()
