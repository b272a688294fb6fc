"""Large arrays of floats, kept by their hash beside the document that names them."""

from __future__ import annotations

import base64
import hashlib
import sys
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ._errors import ToolError

COUNT_MAX: Final = 1 << 19
# What a worker remembers, so that a document that names the same arrays again asks for none.
REMEMBERED_BYTES_MAX: Final = 64 << 20

_remembered: OrderedDict[str, bytes] = OrderedDict()


def packed(values: Iterable[float]) -> tuple[dict[str, Any], str]:
    """What stands for the numbers in a document, and their bytes as text."""
    numbers = array("d", values)
    if len(numbers) > COUNT_MAX:
        raise ToolError(f"{len(numbers)} numbers are too many to keep at once: at most {COUNT_MAX}")
    if sys.byteorder == "big":
        numbers.byteswap()
    body = numbers.tobytes()
    reference = {"asset": hashlib.sha256(body).hexdigest(), "count": len(numbers)}
    return reference, base64.b64encode(body).decode()


def is_known(reference: Mapping[str, Any]) -> bool:
    return reference["asset"] in _remembered


def find(reference: Mapping[str, Any]) -> array[float] | None:
    """A copy of numbers that this worker has seen."""
    try:
        body = _remembered.get(reference["asset"])
    except (KeyError, TypeError):
        raise ToolError(f"{reference!r} stands for no numbers: keep them with `ctx.pack(…)`") from None
    if body is None:
        return None
    _remembered.move_to_end(reference["asset"])
    return _numbers(body)


def remember(reference: Mapping[str, Any], body: str) -> array[float]:
    """Keeps them at hand for the next call, and gives them back."""
    made = base64.b64decode(body)
    _remembered[reference["asset"]] = made
    while sum(map(len, _remembered.values())) > REMEMBERED_BYTES_MAX and len(_remembered) > 1:
        _remembered.popitem(last=False)
    return _numbers(made)


def _numbers(body: bytes) -> array[float]:
    numbers = array("d", body)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
