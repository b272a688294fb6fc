"""Finds days in calendars."""
# arguments: {"year": 2024}
# value: {"leap": true, "february": 29, "fridays": [9, 12], "week": [26, 27, 28, 29, 0, 0, 0]}

import calendar
from typing import Any

from luthier import tool


@tool
def run(year: int) -> dict[str, Any]:
    """Leap years, weeks, and the Fridays that are a thirteenth."""
    fridays = [month for month in range(1, 13) if calendar.weekday(year, month, 13) == calendar.FRIDAY]
    return {
        "leap": calendar.isleap(year),
        "february": calendar.monthrange(year, 2)[1],
        "fridays": fridays,
        "week": calendar.monthcalendar(year, 2)[-1],
    }
