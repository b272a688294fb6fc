"""Small tables of any form: look into them, ask them, turn them into another form."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict

from lib import tables
from lib.tables import Format, Row, Value
from luthier import Context, Field, ToolError, tool

Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "in", "is_null"]


class Condition(TypedDict, total=False):
    """What a row must be like."""

    column: Annotated[str, Field(description="its name in the header")]
    op: Annotated[Comparison, Field(description="how it compares")]
    value: Annotated[Any, Field(description="with what; a list for `in`, none for `is_null`")]


@dataclass
class Column:
    name: str
    type: Literal["number", "text", "bool", "mixed", "empty"]
    missing: int
    distinct: int
    smallest: Value
    largest: Value
    mean: float | None


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def describe_table(table: str, format: Format = "csv") -> list[Column]:
    """Says of each column what it holds: type, gaps, distinct values, range, mean."""
    rows = tables.read(table, format)
    return [_describe(name, tables.column(rows, name)) for name in tables.columns(rows)]


def _describe(name: str, values: list[Value]) -> Column:
    present = [value for value in values if value is not None]
    kinds = {_kind(value) for value in present}
    kind = kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "empty"
    numbers = [value for value in present if isinstance(value, (int, float))] if kind == "number" else []
    ordered = sorted(present, key=lambda value: value) if kind in ("number", "text") else []
    return Column(
        name=name,
        type=kind,  # type: ignore[arg-type]
        missing=len(values) - len(present),
        distinct=len({_key(value) for value in present}),
        smallest=ordered[0] if ordered else None,
        largest=ordered[-1] if ordered else None,
        mean=_finite(name, statistics.fmean, numbers, 4) if numbers else None,
    )


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "none"


def _is_same(cell: Value, wanted: Any) -> bool:
    """Equality that takes `1` and `1.0` for one, and `1` and `true`, which Python takes for one, apart."""
    return _kind(cell) == _kind(wanted) and cell == wanted


def _contains(cell: Value, wanted: Any) -> bool:
    return cell is not None and wanted is not None and str(wanted).casefold() in str(cell).casefold()


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Any], bool]:
    """Things of different kinds are in no order, so no row is found by it."""
    return lambda cell, wanted: _kind(cell) == _kind(wanted) != "none" and compare(cell, wanted)


_COMPARE: dict[str, Callable[[Value, Any], bool]] = {
    "=": _is_same,
    "!=": lambda cell, wanted: not _is_same(cell, wanted),
    "<": _ordered(lambda cell, wanted: cell < wanted),
    "<=": _ordered(lambda cell, wanted: cell <= wanted),
    ">": _ordered(lambda cell, wanted: cell > wanted),
    ">=": _ordered(lambda cell, wanted: cell >= wanted),
    "contains": _contains,
    "in": lambda cell, wanted: any(_is_same(cell, one) for one in wanted),
    "is_null": lambda cell, wanted: cell is None,
}


class Answer(TypedDict):
    rows: list[dict[str, Value]]
    matched: int
    shown: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def query_table(
    table: str,
    ctx: Context,
    format: Format = "csv",
    where: list[Condition] = [],  # noqa: B006 - never changed
    columns: list[str] = [],  # noqa: B006 - never changed
    order_by: str | None = None,
    descending: bool = False,
    limit: Annotated[int, Field(ge=1, le=1000)] = 20,
) -> Answer:
    """Picks rows and columns of a table.

    Args:
        where: conditions that all must hold, such as {"column": "price", "op": ">", "value": 5}
        columns: which to return; all if left out
        order_by: the column to sort by; gaps come last
        limit: how many rows at most
    """
    rows = tables.read(table, format)
    found = [row for row in rows if all(_holds(condition, row, rows) for condition in where)]
    if order_by is not None:
        tables.column(rows, order_by)
        present = [row for row in found if row.get(order_by) is not None]
        present.sort(key=lambda row: _key(row[order_by]), reverse=descending)
        found = present + [row for row in found if row.get(order_by) is None]
    for name in columns:
        tables.column(rows, name)
    wanted = columns or tables.columns(rows)
    shown = found[: min(limit, ctx.state["limits"]["results_max"])]
    made = [{name: row.get(name) for name in wanted} for row in shown]
    return {"rows": made, "matched": len(found), "shown": len(made)}


def _holds(condition: Condition, row: Row, rows: list[Row]) -> bool:
    name, compare = condition.get("column"), condition.get("op", "=")
    if name is None:
        raise ToolError('a condition names its column: {"column": "price", "op": ">", "value": 5}')
    if name not in row:
        tables.column(rows, name)
    wanted = condition.get("value")
    if compare == "in" and not isinstance(wanted, list):
        raise ToolError("the value of `in` is a list")
    return _COMPARE[compare](row.get(name), wanted)


def _key(value: Value) -> tuple[str, Any]:
    """To sort and to tell apart by."""
    return _kind(value), value


@dataclass
class Group:
    key: Value
    count: int
    result: float | None


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def aggregate_table(
    table: str,
    group_by: str,
    ctx: Context,
    column: str | None = None,
    function: Literal["sum", "mean", "median", "min", "max"] = "sum",
    format: Format = "csv",
) -> list[Group]:
    """Groups a table by a column and reckons with another, largest group first.

    Args:
        group_by: rows with the same value there are a group
        column: a column of numbers; gaps in it are left out
    """
    rows = tables.read(table, format)
    keys = tables.column(rows, group_by)
    cells = tables.column(rows, column) if column is not None else [None] * len(rows)
    groups: dict[tuple[str, Value], list[Value]] = {}
    for key, cell in zip(keys, cells, strict=True):
        groups.setdefault(_key(key), []).append(cell)
    made = [Group(key, len(cells), _reckon(function, cells, column)) for (_, key), cells in groups.items()]
    made.sort(key=lambda group: (-group.count, str(group.key)))
    return made[: ctx.state["limits"]["results_max"]]


def _reckon(function: str, cells: list[Value], column: str | None) -> float | None:
    numbers: list[float] = []
    for cell in cells:
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            numbers.append(cell)
        elif cell is not None:
            raise ToolError(f"the column {column!r} holds {cell!r}, which is no number")
    if not numbers:
        return None
    known: dict[str, Callable[[list[float]], float]] = {
        "sum": sum, "mean": statistics.fmean, "median": statistics.median, "min": min, "max": max,
    }  # fmt: skip
    return _finite(column, known[function], numbers, 6)


def _finite(
    column: str | None, reckon: Callable[[list[float]], float], numbers: list[float], digits: int
) -> float:
    """The result of a reckoning, which may be beyond what a number can hold."""
    try:
        result = reckon(numbers)
        if math.isfinite(result):
            return round(result, digits)
    except OverflowError:
        pass
    raise ToolError(f"the numbers of the column {column!r} are too large to reckon with")


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def convert_table(table: str, source: Format, target: Format) -> str:
    """Turns a table into another form: CSV, JSON (a list of objects) or Markdown."""
    return tables.write(tables.read(table, source), target)


@tool(annotations={"readOnlyHint": True})
def sample_rows(
    table: str, ctx: Context, count: Annotated[int, Field(ge=1, le=1000)] = 5, format: Format = "csv"
) -> list[dict[str, Value]]:
    """Draws rows at random, each at most once, in the order of the table."""
    rows = tables.read(table, format)
    count = min(count, len(rows), ctx.state["limits"]["results_max"])
    return [rows[place] for place in sorted(ctx.rng.sample(range(len(rows)), count))]
