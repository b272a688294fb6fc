"""Reads a table of comma-separated values, and adds it up."""
# arguments: {"text": "item,price,count\n\"bolt, large\",0.5,10\nnut,0.25,4\n"}
# value: {"bolt, large": 5.0, "nut": 1.0}

import csv
import io

from luthier import tool


@tool
def run(text: str) -> dict[str, float]:
    """What each item costs in all."""
    rows = csv.DictReader(io.StringIO(text))
    return {row["item"]: float(row["price"]) * int(row["count"]) for row in rows}
