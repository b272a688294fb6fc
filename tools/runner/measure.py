"""Units, working days and the nearest word."""

import datetime
import difflib
import math
from dataclasses import dataclass
from typing import Annotated

from lib.words import fold
from luthier import Context, Field, ToolError, tool

# Each unit as a multiple of its kind's first one.
UNITS: dict[str, dict[str, float]] = {
    "length": {"m": 1, "km": 1000, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048, "yd": 0.9144,
               "mi": 1609.344, "nmi": 1852},
    "mass": {"kg": 1, "g": 0.001, "mg": 1e-6, "t": 1000, "lb": 0.45359237, "oz": 0.028349523125},
    "volume": {"l": 1, "ml": 0.001, "m3": 1000, "gal": 3.785411784, "pt": 0.473176473, "cup": 0.2365882365},
    "time": {"s": 1, "ms": 0.001, "min": 60, "h": 3600, "d": 86400, "wk": 604800},
    "data": {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1024, "MiB": 1024**2,
             "GiB": 1024**3, "TiB": 1024**4},
    "speed": {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852 / 3600},
    "energy": {"J": 1, "kJ": 1000, "cal": 4.184, "kcal": 4184, "Wh": 3600, "kWh": 3.6e6},
}  # fmt: skip
TEMPERATURES = ("C", "F", "K")
DAYS_MAX = 40_000


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def convert_units(value: float, source: str, target: str) -> float:
    """Converts lengths, masses, volumes, times, data sizes, speeds, energies and temperatures.

    Args:
        source: a unit such as km, lb, MiB, mph, kWh, F
        target: one of the same kind
    """
    if source in TEMPERATURES and target in TEMPERATURES:
        return _rounded(_from_kelvin(_to_kelvin(value, source), target))
    kinds = {name: kind for kind, units in UNITS.items() for name in units}
    kinds.update(dict.fromkeys(TEMPERATURES, "temperature"))
    for unit in (source, target):
        if unit not in kinds:
            raise ToolError(f"there is no unit {unit!r}{_nearest(unit, list(kinds))}")
    if kinds[source] != kinds[target]:
        raise ToolError(f"{source} is a {kinds[source]} and {target} a {kinds[target]}")
    units = UNITS[kinds[source]]
    converted = value * units[source] / units[target]
    if not math.isfinite(converted):
        raise ToolError(f"{value} {source} is more {target} than a number can hold")
    return _rounded(converted)


def _nearest(word: str, known: list[str]) -> str:
    folded = {fold(name): name for name in known}
    found = difflib.get_close_matches(fold(word), folded, n=1, cutoff=0.5)
    return f": did you mean {folded[found[0]]!r}?" if found else ""


def _to_kelvin(value: float, unit: str) -> float:
    kelvin = {"C": value + 273.15, "F": (value + 459.67) * 5 / 9, "K": value}[unit]
    if kelvin < 0:
        raise ToolError(f"{value} {unit} is below absolute zero")
    return kelvin


def _from_kelvin(kelvin: float, unit: str) -> float:
    return {"C": kelvin - 273.15, "F": kelvin * 9 / 5 - 459.67, "K": kelvin}[unit]


def _rounded(value: float) -> float:
    """Ten digits that mean something; the rest is the binary form's."""
    return float(f"{value:.10g}")


@dataclass
class Workdays:
    workdays: int
    calendar_days: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def workdays_between(
    start: datetime.date,
    end: datetime.date,
    holidays: list[datetime.date] = [],  # noqa: B006 - never changed
) -> Workdays:
    """Counts the days from start to end, the last one included, that are worked.

    Args:
        holidays: days off beside Saturdays and Sundays
    """
    days = (end - start).days + 1
    if days < 1:
        raise ToolError(f"{end} is before {start}: swap them")
    if days > DAYS_MAX:
        raise ToolError(f"that is {days} days, {DAYS_MAX} are allowed")
    off = {day for day in holidays if start <= day <= end and day.weekday() < 5}
    whole, rest = divmod(days, 7)
    worked = whole * 5 + sum((start.weekday() + day) % 7 < 5 for day in range(rest))
    return Workdays(worked - len(off), days)


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def add_workdays(
    start: datetime.date,
    days: Annotated[int, Field(ge=-5000, le=5000)],
    holidays: list[datetime.date] = [],  # noqa: B006 - never changed
) -> datetime.date:
    """The date that lies so many working days after a day, or before it.

    Args:
        days: how many; negative to go back
        holidays: days off beside Saturdays and Sundays
    """
    off, step = set(holidays), datetime.timedelta(days=1 if days > 0 else -1)
    day, left = start, abs(days)
    try:
        while left:
            day += step
            left -= day.weekday() < 5 and day not in off
    except OverflowError:
        raise ToolError("that lies outside the calendar: ask for fewer days") from None
    return day


@dataclass
class Match:
    text: str
    similarity: float


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def closest(
    word: str,
    candidates: Annotated[list[str], Field(min_length=1, max_length=5000)],
    ctx: Context,
    limit: Annotated[int, Field(ge=1, le=100)] = 3,
) -> list[Match]:
    """Finds what somebody meant: the candidates most like a word, whatever the case and accents."""
    wanted = fold(word)
    scored = [
        Match(text, round(difflib.SequenceMatcher(None, wanted, fold(text), autojunk=False).ratio(), 4))
        for text in dict.fromkeys(candidates)
    ]
    scored.sort(key=lambda match: (-match.similarity, match.text))
    return scored[: min(limit, ctx.state["limits"]["results_max"])]
