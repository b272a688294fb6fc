"""Computes with fixed offsets from UTC."""
# arguments: {"moment": "2024-03-10T12:30:00+05:30"}
# value: ["2024-03-09T23:00:00-08:00", "west", 1710054000.0, "True"]

import datetime

from luthier import tool


@tool
def run(moment: datetime.datetime) -> list[str | float]:
    """The moment elsewhere, and in seconds."""
    west = datetime.timezone(datetime.timedelta(hours=-8), "west")
    there = moment.astimezone(west)
    return [there.isoformat(), there.tzname() or "", moment.timestamp(), str(there == moment)]
