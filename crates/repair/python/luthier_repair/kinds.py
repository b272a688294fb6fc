"""Of what kind values are, and what is in them."""

from __future__ import annotations

import math
from typing import Any

from .components.sorts import (
    BOOL,
    COUNTS,
    LIST_OF,
    MAPPING,
    NUMBER,
    NUMBERS,
    PAIR,
    RECORD,
    RECORDS,
    TEXT,
    TEXTS,
)


def kind_of(values: list[Any]) -> str | None:
    """The one kind that all are of."""
    if not values:
        return None
    for kind, types in ((TEXT, str), (BOOL, bool), (NUMBER, (int, float))):
        if all(isinstance(value, types) and (kind == BOOL or not isinstance(value, bool)) for value in values):
            return kind
    if all(isinstance(value, list) for value in values):
        if all(map(_is_pair, values)):
            return PAIR
        items = [item for value in values for item in value]
        inner = kind_of(items) if items else NUMBER
        return RECORDS if inner in (RECORD, COUNTS, MAPPING) else LIST_OF.get(inner or "")
    if all(isinstance(value, dict) for value in values):
        inner = kind_of([item for value in values for item in value.values()])
        return {NUMBER: COUNTS, TEXT: MAPPING}.get(inner or "", RECORD) if any(values) else COUNTS
    return None


def _is_pair(value: list[Any]) -> bool:
    return len(value) == 2 and kind_of(value[:1]) == TEXT and kind_of(value[1:]) == NUMBER


def keys_of(kinds: list[str], columns: list[list[Any]]) -> list[tuple[str, str, str]]:
    """Keys that every record of a kind has, with the kind of what is there."""
    found: dict[tuple[str, str, str], None] = {}
    for kind, column in zip(kinds, columns):
        records = [one for many in column for one in many] if kind == RECORDS else column
        is_record = kind in (RECORD, RECORDS) or kind in (COUNTS, MAPPING) and len(column) > 1
        if not is_record or not records or len({tuple(sorted(record)) for record in records}) > 1:
            continue
        for key in records[0]:
            inner = kind_of([record[key] for record in records])
            if inner is not None:
                found[RECORD if kind == RECORDS else kind, key, inner] = None
    return list(found)


def item_name(name: str, kind: str) -> str:
    """What one of `words` is called."""
    last = name.rsplit("_", 1)[-1]
    if not kind.startswith("list") and kind not in (COUNTS, MAPPING):
        return "character" if kind == TEXT else "item"
    if last.endswith("ies"):
        return last[:-3] + "y"
    if last.endswith("s") and not last.endswith("ss") and len(last) > 2:
        return last[:-1]
    return {NUMBERS: "number", TEXTS: "word", RECORDS: "record"}.get(kind, "item")


def hint(values: list[Any]) -> str:
    """The type of all, as Python writes it."""
    given = [value for value in values if value is not None]
    if len(given) < len(values):
        return f"{hint(given)} | None" if given else "None"
    own = {type(value) for value in values}
    for name, types in (("str", {str}), ("bool", {bool}), ("int", {int}), ("float", {int, float})):
        if own and own <= types:
            return name
    if values and all(isinstance(value, list) for value in values):
        items = [item for value in values for item in value]
        return f"list[{hint(items)}]" if items else "list[object]"
    if values and all(isinstance(value, dict) for value in values):
        inner = [item for value in values for item in value.values()]
        return f"dict[str, {hint(inner)}]" if inner else "dict[str, object]"
    return "object"


def in_order(value: Any, rounds: bool) -> Any:
    """A value whose text is the same for all that are equal: keys have no order, and floats end somewhere."""
    if isinstance(value, (tuple, list)):
        return type(value)([in_order(item, rounds) for item in value])
    if isinstance(value, dict):
        return {key: in_order(value[key], rounds) for key in sorted(value)}
    if isinstance(value, float) or rounds and isinstance(value, int) and not isinstance(value, bool):
        return float(f"{value:.10g}") + 0.0
    return value


def bits(value: Any) -> float:
    """How unlikely it is to come to just this by chance, roughly."""
    if value is None or isinstance(value, bool):
        return 1.0
    if isinstance(value, int):
        return math.log2(2 * abs(value) + 2)
    if isinstance(value, float):
        return 3.0 * len(repr(value).strip("-0."))
    if isinstance(value, str):
        return 1.0 + 2.5 * len(value)
    if isinstance(value, list):
        return 1.0 + sum(map(bits, value))
    return 1.0 + sum(map(bits, value)) + sum(map(bits, value.values()))
