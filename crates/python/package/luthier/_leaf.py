"""The types whose JSON form is a single text, number or boolean."""

from __future__ import annotations

import base64
import datetime
import decimal
import pathlib
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from ._errors import Mismatch


class Leaf(NamedTuple):
    """Schema, reader and test of one type; see `_shape.Shape`."""

    schema: dict[str, Any]
    decode: Callable[[Any], Any] | None
    fits: Callable[[Any], bool]


def find(annotation: Any) -> Leaf | None:
    """The leaf of exactly this type."""
    try:
        leaf = _LEAVES.get(annotation)
    except TypeError:
        return None  # an annotation that cannot be hashed is no type
    # Looked up, not imported: it takes longer to load than the rest of the package.
    uuid = sys.modules.get("uuid")
    if leaf is None and uuid is not None and annotation is uuid.UUID:
        leaf = _LEAVES[annotation] = _text(uuid.UUID, "uuid", "a UUID")
    return leaf


def _is_int(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _text(decode: Callable[[str], Any], format_name: str | None, example: str) -> Leaf:
    """A type that is written as text."""

    def read(value: str) -> Any:
        try:
            return decode(value)
        except (ValueError, TypeError, ArithmeticError, re.error) as error:
            raise Mismatch(f"is {value!r}, and {example} is expected") from error

    def fits(value: Any) -> bool:
        if type(value) is not str:
            return False
        try:
            decode(value)
        except (ValueError, TypeError, ArithmeticError, re.error):
            return False
        return True

    schema = {"type": "string"}
    if format_name is not None:
        schema["format"] = format_name
    return Leaf(schema, read, fits)


def _date(text: str) -> datetime.date:
    if len(text) != 10:
        raise ValueError(text)
    return datetime.date.fromisoformat(text)


def _date_time(text: str) -> datetime.datetime:
    if len(text) < 16:
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text)


_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def _duration(text: str) -> datetime.timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or text[-1] in "PT":
        raise ValueError(text)
    parts = {name: float(value or 0) for name, value in found.groupdict().items() if name != "sign"}
    made = datetime.timedelta(**parts)
    return -made if found["sign"] else made


def _decimal(value: str | int | float) -> decimal.Decimal:
    made = decimal.Decimal(str(value))
    if not made.is_finite():
        raise Mismatch(f"is {value!r}, and a finite number is expected")
    return made


def _read_decimal(value: str | int | float) -> decimal.Decimal:
    try:
        return _decimal(value)
    except ArithmeticError as error:
        raise Mismatch(f"is {value!r}, and a number such as '12.50' is expected") from error


def _fits_decimal(value: Any) -> bool:
    if _is_number(value):
        return True
    return type(value) is str and re.fullmatch(_DECIMAL, value) is not None


_DECIMAL = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"

_BYTES = _text(lambda text: base64.b64decode(text, validate=True), None, "base64 text")

_LEAVES: dict[Any, Leaf] = {
    str: Leaf({"type": "string"}, None, lambda value: type(value) is str),
    bool: Leaf({"type": "boolean"}, None, lambda value: type(value) is bool),
    int: Leaf({"type": "integer"}, int, _is_int),
    float: Leaf({"type": "number"}, float, _is_number),
    bytes: Leaf({"type": "string", "contentEncoding": "base64"}, _BYTES.decode, _BYTES.fits),
    bytearray: Leaf(
        {"type": "string", "contentEncoding": "base64"},
        lambda value: bytearray(base64.b64decode(value, validate=True)),
        _BYTES.fits,
    ),
    datetime.datetime: _text(_date_time, "date-time", "a time such as '2026-01-31T09:30:00Z'"),
    datetime.date: _text(_date, "date", "a date such as '2026-01-31'"),
    datetime.time: _text(datetime.time.fromisoformat, "time", "a time such as '09:30:00'"),
    datetime.timedelta: _text(_duration, "duration", "a duration such as 'PT1H30M'"),
    re.Pattern: _text(re.compile, "regex", "a regular expression"),
    decimal.Decimal: Leaf(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{_DECIMAL}$"}]},
        _read_decimal,
        _fits_decimal,
    ),
    pathlib.Path: _text(pathlib.Path, None, "a path"),
    pathlib.PurePath: _text(pathlib.PurePath, None, "a path"),
    pathlib.PurePosixPath: _text(pathlib.PurePosixPath, None, "a path"),
}
