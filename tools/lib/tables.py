"""Tables as text: CSV, JSON and Markdown in and out, with values of the type they look like."""

import csv
import io
import json
import math
import re
from typing import Any, Literal

from lib.documents import parse
from luthier import ToolError

Format = Literal["csv", "json", "markdown"]
Value = str | int | float | bool | None
Row = dict[str, Value]

ROWS_MAX = 20_000
_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|\.\d+)")
# Between cells; one that belongs to a cell has a backslash before it.
_BAR = re.compile(r"(?<!\\)\|")
# Words that stand for a value in what spreadsheets and programs write.
_NAMED: dict[str, Value] = {"": None, "null": None, "n/a": None, "true": True, "false": False}


def read(text: str, kind: Format) -> list[Row]:
    """The rows of a table; every row has the columns of the header."""
    rows = {"csv": _read_csv, "json": _read_json, "markdown": _read_markdown}[kind](text)
    if len(rows) > ROWS_MAX:
        raise ToolError(f"the table has {len(rows)} rows, {ROWS_MAX} are allowed: send a part of it")
    return rows


def write(rows: list[Row], kind: Format) -> str:
    """A table as text."""
    if kind == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1)
    header = columns(rows)
    if not header:
        return ""
    lines = [[_shown(row.get(name)) for name in header] for row in rows]
    if kind == "csv":
        made = io.StringIO()
        csv.writer(made, lineterminator="\n").writerows([header, *lines])
        return made.getvalue()
    cells = [[" ".join(cell.replace("|", "\\|").splitlines()) for cell in line] for line in [header, *lines]]
    ruled = [cells[0], ["---"] * len(header), *cells[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in ruled)


def columns(rows: list[Row]) -> list[str]:
    """The names of the columns, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def column(rows: list[Row], name: str) -> list[Value]:
    """One column; one that is not there is refused."""
    known = columns(rows)
    if name not in known:
        raise ToolError(f"there is no column {name!r}; there are: {', '.join(known) or 'none'}")
    return [row.get(name) for row in rows]


def guess(text: str) -> Value:
    """The value that a cell stands for.

    Numbers with leading zeros are names and stay text, as do whole ones too long to be exact.
    """
    bare = text.strip()
    if bare.lower() in _NAMED:
        return _NAMED[bare.lower()]
    if _INTEGER.fullmatch(bare):
        return int(bare)
    if _NUMBER.fullmatch(bare) and math.isfinite(float(bare)):
        return float(bare)
    return bare


def _shown(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_csv(text: str) -> list[Row]:
    try:
        # Lines may end as on any system; whoever keeps a line break within a cell quotes it.
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
    except csv.Error as error:
        raise ToolError(f"the table is no CSV: {error}") from None
    if not lines:
        return []
    return _rows(lines[0], lines[1:])


def _read_markdown(text: str) -> list[Row]:
    lines = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("|"):
            cells = _BAR.split(bare)[1:]
            if not cells[-1]:
                cells.pop()
            lines.append([cell.strip().replace("\\|", "|") for cell in cells])
    if len(lines) < 2 or not all(re.fullmatch(r":?-+:?", cell) for cell in lines[1]):
        raise ToolError("a Markdown table has a header, a line of dashes and rows, each between `|`")
    return _rows(lines[0], lines[2:])


def _rows(header: list[str], lines: list[list[str]]) -> list[Row]:
    names = [name.strip() for name in header]
    if len(set(names)) < len(names):
        raise ToolError(f"two columns have one name: {', '.join(names)}")
    rows: list[Row] = []
    for number, line in enumerate(lines, start=1):
        if len(line) > len(names):
            raise ToolError(f"row {number} has {len(line)} cells, the header {len(names)}: quote commas")
        cells = line + [""] * (len(names) - len(line))
        rows.append({name: guess(cell) for name, cell in zip(names, cells, strict=True)})
    return rows


def _read_json(text: str) -> list[Row]:
    found: Any = parse(text, "the table")
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ToolError("a JSON table is a list of objects")
    for row in found:
        for name, value in row.items():
            if isinstance(value, (list, dict)):
                raise ToolError(f"the cell {name!r} holds a {type(value).__name__}: flatten it first")
    return found
