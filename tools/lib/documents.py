"""JSON as text, read as strictly as it is written."""

import json
import math
from typing import Any

from luthier import ToolError


def parse(text: str, what: str) -> Any:
    """What a text holds; one that is no JSON is refused, and so are numbers that no JSON can hold."""
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except ValueError as error:
        raise ToolError(f"{what} is not JSON: {error}") from None
    except RecursionError:
        raise ToolError(f"{what} is nested too deep: send a part of it") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number
