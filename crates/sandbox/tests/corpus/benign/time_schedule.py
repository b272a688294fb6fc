"""Finds the next working days."""
# arguments: {"start": "2024-12-23", "count": 4, "holidays": ["2024-12-25", "2024-12-26"]}
# value: ["2024-12-23", "2024-12-24", "2024-12-27", "2024-12-30"]

import datetime
import itertools

from luthier import tool


@tool
def run(start: datetime.date, count: int, holidays: list[datetime.date]) -> list[datetime.date]:
    """Days that are neither weekends nor holidays."""
    days = (start + datetime.timedelta(days=step) for step in itertools.count())
    working = (day for day in days if day.weekday() < 5 and day not in holidays)
    return list(itertools.islice(working, count))
