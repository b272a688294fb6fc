"""JSON between the host and Python, strictly: what JSON cannot hold is refused, and named.

Values are first brought down to plain ones (`plain`), then written by the fastest writer there is.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime
import decimal
import enum
import importlib
import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from json import encoder as _encoder
from typing import Any

from ._errors import Mismatch, ToolError

try:
    _orjson: Any = importlib.import_module("orjson")
except ImportError:
    _orjson = None

# How deep values nest at most; the host's own reader stops at 128.
DEPTH_MAX = 100
# How large one value is at most, as JSON.
RESULT_BYTES_MAX = 16 * 1024 * 1024
# From this size on the guard that orjson needs is worth its price.
ORJSON_BYTES_MIN = 2048
# Digits of the shortest integer that orjson might read as a float.
_WIDE_DIGITS = b"0" * 19
_DIGITS_ONLY = bytes(48 if 48 <= byte < 58 else 32 for byte in range(256))

_SCALARS = {str, int, bool, type(None)}
_SCALARS_AND_FLOAT = _SCALARS | {float}
_STR_ONLY = {str}

_scan: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]


def loads(body: bytes) -> Any:
    """Reads JSON that the host has already checked."""
    if _orjson is not None and len(body) >= ORJSON_BYTES_MIN:
        # orjson makes floats of integers beyond 64 bits.
        if _WIDE_DIGITS not in body.translate(_DIGITS_ONLY):
            return _orjson.loads(body)
    try:
        return _scan(body.decode(), 0)[0]
    except StopIteration:
        return json.loads(body)  # white space comes first, or it is no JSON


def _refuse(value: object) -> Any:
    raise TypeError(f"a {type(value).__name__} reached the writer")


def _make_writer() -> Callable[[Any], str]:
    make = getattr(_encoder, "c_make_encoder", None)
    quote = _encoder.encode_basestring
    if make is None:
        return json.JSONEncoder(
            ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
        ).encode
    chunks = make(None, _refuse, quote, None, ":", ",", False, False, False)
    join = "".join
    return lambda value: join(chunks(value, 0))


_write = _make_writer()
_quote: Callable[[str], str] = _encoder.encode_basestring


def dumps(value: Any, bytes_max: int | None = None) -> bytes:
    """Writes any value as compact JSON; raises `Mismatch` for what JSON cannot hold."""
    value = plain(value)
    if type(value) is str:
        body = _utf8(_quote(value))
    else:
        body = _dump_plain(value)
    limit = RESULT_BYTES_MAX if bytes_max is None else bytes_max
    if len(body) > limit:
        raise Mismatch(
            f"is {_size(len(body))} of JSON, and {_size(limit)} is the limit: return a part of it,"
            " or a summary"
        )
    return body


def _dump_plain(value: Any) -> bytes:
    if _orjson is not None:
        try:
            body: bytes = _orjson.dumps(value)
            return body
        except TypeError:
            pass  # an integer beyond 64 bits or a lone surrogate, which json writes or names
    try:
        return _utf8(_write(value))
    except ValueError as error:
        raise Mismatch(str(error)) from error


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Mismatch(
            f"holds text that is not Unicode ({error.reason}: {text[error.start]!a}): return bytes,"
            " or text.encode('utf-8', 'replace').decode()"
        ) from error


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f} MiB" if count >= 1024 * 1024 else f"{count} bytes"


def dump_result(value: Any, what: str = "the result") -> bytes:
    """As `dumps`, with an error that the caller of the tool can read."""
    try:
        return dumps(value)
    except Mismatch as problem:
        pointer = problem.pointer()
        place = f"{what} at {pointer}" if pointer else what
        raise ToolError(f"{place} {problem.reason}", {"pointer": pointer}) from None


# --- Down to plain values --------------------------------------------------------------------


def plain(value: Any) -> Any:
    """The value made of dict, list, str, int, float, bool and None alone; itself if it is already."""
    try:
        return _plain(value, DEPTH_MAX)
    except Mismatch as problem:
        raise _explained(problem) from None


def _plain(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        return _plain_dict(value, depth)
    if kind is list or kind is tuple:
        return _plain_list(value, depth)
    if kind is float:
        return _finite(value)
    return _plain_other(value, depth)


def _finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise Mismatch(f"is {value!r}, which JSON cannot hold: return None or text instead")


def _too_deep() -> Mismatch:
    return Mismatch(f"nests deeper than {DEPTH_MAX} levels: return something flatter")


def _plain_dict(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    if depth <= 0:
        raise _too_deep()
    if value and set(map(type, value)) != _STR_ONLY:
        value = {_plain_key(key): item for key, item in value.items()}
    kinds = set(map(type, value.values()))
    if kinds <= _SCALARS:
        return value
    made: dict[str, Any] = {}
    for key, item in value.items():
        try:
            made[key] = _plain(item, depth - 1)
        except Mismatch as problem:
            raise _passing(problem, key, value) from None
    return made


def _plain_list(value: Any, depth: int) -> Any:
    if depth <= 0:
        raise _too_deep()
    kinds = set(map(type, value))
    if kinds <= _SCALARS or (kinds <= _SCALARS_AND_FLOAT and _all_finite(value, kinds)):
        return value
    made: list[Any] = []
    for index, item in enumerate(value):
        try:
            made.append(_plain(item, depth - 1))
        except Mismatch as problem:
            raise _passing(problem, index, value) from None
    return made


def _all_finite(value: Any, kinds: set[type]) -> bool:
    if len(kinds) == 1:
        return all(map(math.isfinite, value))
    return all(math.isfinite(item) for item in value if type(item) is float)


def _passing(problem: Mismatch, key: str | int, container: object) -> Mismatch:
    """Notes one step on the way out."""
    problem.path.append(key)
    problem.trail.append(id(container))
    return problem


def _explained(problem: Mismatch) -> Mismatch:
    """Says so when a value is too deep because it contains itself."""
    if len(problem.path) < DEPTH_MAX:
        return problem
    seen: set[int] = set()
    for steps, container in enumerate(reversed(problem.trail)):
        if container in seen:
            found = Mismatch("contains itself, which JSON cannot hold: return a copy without the cycle")
            found.path = problem.path[len(problem.path) - steps :]
            return found
        seen.add(container)
    return problem


def _plain_key(key: Any) -> str:
    if type(key) is str:
        return key
    if isinstance(key, enum.Enum) and isinstance(key, str):
        return str(key.value)
    if isinstance(key, str):
        return str.__str__(key)
    raise Mismatch(
        f"has the key {_short(key)}, and JSON's keys are text: write str(key)"
    )


def _plain_other(value: Any, depth: int) -> Any:
    convert = _CONVERSIONS.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, enum.Enum):
        return _plain(value.value, depth)
    for base, convert in _CONVERSIONS.items():
        if isinstance(value, base):
            return convert(value)
    if depth <= 0:
        raise _too_deep()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_dict(_dataclass_items(value), depth)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _plain_dict(dict(zip(value._fields, value, strict=True)), depth)
    if isinstance(value, Mapping):
        return _plain_dict(dict(value), depth)
    if isinstance(value, (list, tuple, collections.deque)):
        return _plain_list(list(value), depth)
    if isinstance(value, (set, frozenset)):
        return _plain_list(_ordered(value), depth)
    return _plain_foreign(value, depth)


def _dataclass_items(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _ordered(value: Any) -> list[Any]:
    """A set as a list that does not depend on the process's hash seed, where it can be ordered."""
    try:
        return sorted(value)
    except TypeError:
        return list(value)


def _plain_foreign(value: Any, depth: int) -> Any:
    uuid = sys.modules.get("uuid")
    if uuid is not None and isinstance(value, uuid.UUID):
        return str(value)
    dump = getattr(type(value), "model_dump", None)
    if dump is not None:
        return _plain(dump(value, mode="json", by_alias=True), depth)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return _plain(value.tolist(), depth)
    core = sys.modules.get("pydantic_core")
    if core is not None and type(value).__module__.partition(".")[0] in ("pydantic", "pydantic_core"):
        return _plain(core.to_jsonable_python(value), depth)
    hint = "await it" if hasattr(value, "__await__") else "return a dict, list, text or number"
    if hasattr(value, "__next__"):
        hint = "return list(…) of it"
    raise Mismatch(f"is {_short(value)}, which JSON cannot hold: {hint}")


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:
        text = "…"
    if len(text) > 60:
        text = text[:57] + "…"
    return f"{text} of type {type(value).__name__}"


def _plain_decimal(value: decimal.Decimal) -> str:
    if not value.is_finite():
        raise Mismatch(f"is {value!r}, which JSON cannot hold: return None or text instead")
    return str(value)


def iso_duration(value: datetime.timedelta) -> str:
    """ISO 8601, as JSON Schema's `duration` wants it."""
    micros = value // datetime.timedelta(microseconds=1)
    sign = "-" if micros < 0 else ""
    seconds, rest = divmod(abs(micros), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}P{days}DT{seconds}{fraction}S"


_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    bool: bool,
    int: int,
    float: lambda value: _finite(float(value)),
    bytes: lambda value: base64.b64encode(value).decode(),
    bytearray: lambda value: base64.b64encode(value).decode(),
    memoryview: lambda value: base64.b64encode(value).decode(),
    datetime.datetime: lambda value: value.isoformat(),
    datetime.date: lambda value: value.isoformat(),
    datetime.time: lambda value: value.isoformat(),
    datetime.timedelta: iso_duration,
    decimal.Decimal: _plain_decimal,
    os.PathLike: os.fspath,
}
