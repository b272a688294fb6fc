"""How long something takes, out of words."""

import re
from typing import Annotated

from luthier import Field, ToolError, tool

SECONDS = {
    "ms": 0.001, "millisecond": 0.001,
    "s": 1, "sec": 1, "second": 1,
    "m": 60, "min": 60, "minute": 60,
    "h": 3600, "hr": 3600, "hour": 3600,
    "d": 86_400, "day": 86_400,
    "w": 604_800, "wk": 604_800, "week": 604_800,
}  # fmt: skip
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def parse_duration(text: Annotated[str, Field(min_length=1, max_length=200)]) -> float:
    """Reads a duration such as `1h 30m`, `2 days and 4 hours` or `01:02:03`, and gives its seconds.

    Args:
        text: numbers with units from ms to weeks, or a clock's MM:SS or H:MM:SS
    """
    bare = text.strip().lower()
    if clock := _CLOCK.fullmatch(bare):
        return _clock(clock, text)
    if not (parts := _PART.findall(bare)):
        raise ToolError(f"{text!r} is no duration: write it as `1h 30m` or `90 s`")
    if rest := re.sub(r"\band\b|[\s,]", "", _PART.sub("", bare)):
        raise ToolError(f"{rest!r} in {text!r} is no part of a duration")
    return round(sum(float(number) * _unit(unit) for number, unit in parts), 3)


def _clock(clock: re.Match[str], text: str) -> float:
    hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), int(clock[3])
    if seconds > 59 or (clock[1] is not None and minutes > 59):
        raise ToolError(f"{text!r} has more than 59 minutes or seconds")
    return float(hours * 3600 + minutes * 60 + seconds)


def _unit(name: str) -> float:
    """The seconds of a unit; the plural of a word is the same, that of a letter is not."""
    singular = name[:-1] if len(name) > 2 and name.endswith("s") else name
    for known in (name, singular):
        if known in SECONDS:
            return SECONDS[known]
    raise ToolError(f"there is no unit {name!r}: ms, s, min, h, d and weeks are known")
