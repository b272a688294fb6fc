"""What a value is in plain JSON, and whether it is the one that a test expects."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import itertools
import math
from collections import abc
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

ITEMS_MAX = 10_000
DEPTH_MAX = 50
CLOSE = 1e-9
# So many texts of one test, and none that is longer, are told of.
APART_MAX = 8
APART_CHARS_MAX = 400


class Unplain(Exception):
    """A value that is too large or too deep to be compared."""


def plain(value: Any, depth: int = 0) -> Any:
    """The value in terms of JSON: what is lazy is drawn, what is ordered is a list."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return value.value if isinstance(value, enum.Enum) else value
    if depth > DEPTH_MAX:
        raise Unplain("deep")
    if isinstance(value, abc.Mapping):
        return {key if isinstance(key, str) else _key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, depth + 1) for item in value), key=_order)
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, (decimal.Decimal, fractions.Fraction, complex)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), depth + 1) for field in fields(value)}
    if isinstance(value, (abc.Iterator, abc.Iterable)) and not isinstance(value, type):
        drawn = list(itertools.islice(iter(value), ITEMS_MAX + 1))
        if len(drawn) > ITEMS_MAX:
            raise Unplain("long")
        return [plain(item, depth + 1) for item in drawn]
    return _opaque(value)


def _key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(plain(key))


def _order(value: Any) -> tuple[str, Any]:
    """Sets have no order: numbers come by size, the rest by how it is written."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return ("", value) if is_number else (type(value).__name__, repr(value))


def _opaque(value: Any) -> Any:
    """An object by its class and what is in it; where it is in memory says nothing."""
    inside = getattr(value, "__dict__", None)
    name = type(value).__name__
    if isinstance(inside, dict) and not isinstance(value, type) and not callable(value):
        return {"": name, **{str(key): repr(item)[:200] for key, item in inside.items()}}
    return f"<{name}>"


def same(got: Any, wanted: Any) -> bool:
    """Is a plain value the one that is wanted? Numbers may differ by what floats cannot hold."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return isinstance(wanted, bool) and isinstance(got, bool) and wanted == got
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        if isinstance(wanted, int) and isinstance(got, int):
            return wanted == got
        return _is_close(got, wanted)
    if isinstance(wanted, list):
        return (
            isinstance(got, list)
            and len(got) == len(wanted)
            and all(same(one, other) for one, other in zip(got, wanted))
        )
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict)
            and got.keys() == wanted.keys()
            and all(same(got[key], item) for key, item in wanted.items())
        )
    return type(got) is type(wanted) and bool(got == wanted)


def _is_close(got: float, wanted: float) -> bool:
    try:
        if math.isnan(wanted):
            return math.isnan(got)
        return math.isclose(got, wanted, rel_tol=CLOSE, abs_tol=1e-12)
    except OverflowError:
        return False


def apart(got: Any, wanted: Any) -> list[tuple[str, str]]:
    """Texts at the same place in both that differ."""
    if isinstance(got, str) and isinstance(wanted, str):
        return [(got, wanted)] if got != wanted and max(len(got), len(wanted)) <= APART_CHARS_MAX else []
    pairs: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(got, list) and isinstance(wanted, list):
        pairs = zip(got, wanted)
    elif isinstance(got, dict) and isinstance(wanted, dict):
        pairs = ((got[key], item) for key, item in wanted.items() if key in got)
    found = itertools.chain.from_iterable(itertools.starmap(apart, pairs))
    return list(itertools.islice(found, APART_MAX))


def nearness(got: Any, wanted: Any, depth: int = 0) -> float:
    """How much of what is wanted is there, from 0 to 1: only to order attempts that all fail."""
    if same(got, wanted):
        return 1.0
    if isinstance(wanted, bool) or isinstance(got, bool) or depth > 6:
        return 0.0
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        try:
            distance = abs(got - wanted)
        except OverflowError:
            return 0.0
        # What is no number is near to none.
        return 0.0 if math.isnan(distance) else 0.5 / (1.0 + distance)
    if isinstance(wanted, str) and isinstance(got, str):
        return 0.1 + 0.8 * _ends(got, wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        longest = max(len(got), len(wanted), 1)
        if longest > 200:
            return 0.1 + 0.8 * _ends(got, wanted)
        # In place, or where it would be if something before it were missing or too much.
        placed = sum(nearness(one, other, depth + 1) for one, other in zip(got, wanted)) / longest
        return 0.1 + 0.8 * max(placed, _ends(got, wanted))
    if isinstance(wanted, dict) and isinstance(got, dict):
        keys = got.keys() | wanted.keys()
        shared = sum(nearness(got[key], wanted[key], depth + 1) for key in got.keys() & wanted.keys())
        return 0.1 + 0.8 * shared / max(len(keys), 1)
    return 0.0


def _ends(got: Any, wanted: Any) -> float:
    """The share that is alike at both ends."""
    shortest, longest = sorted((len(got), len(wanted)))
    front = 0
    while front < shortest and got[front] == wanted[front]:
        front += 1
    back = 0
    while back < shortest - front and got[-1 - back] == wanted[-1 - back]:
        back += 1
    return (front + back) / max(longest, 1)
