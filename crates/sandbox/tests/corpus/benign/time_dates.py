"""Computes with dates."""
# arguments: {"start": "2024-01-31", "days": 30}
# value: {"end": "2024-03-01", "weekday": "Friday", "week": 9, "back": -30, "same": "2025-03-01"}

import datetime
from typing import Any

from luthier import tool


@tool
def run(start: datetime.date, days: int) -> dict[str, Any]:
    """The day so many days later, and what it is called."""
    end = start + datetime.timedelta(days=days)
    return {
        "end": end, "weekday": end.strftime("%A"), "week": end.isocalendar().week,
        "back": (start - end).days, "same": end.replace(year=2025, day=1),
    }  # fmt: skip
