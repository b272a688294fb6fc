"""Dates that read the same both ways in DDMMYYYY or YYYYMMDD form."""
from datetime import date, timedelta


def is_mirror(day, style):
    """True when the eight digits of the date are the same reversed."""
    if style == "dmy":
        text = "%02d%02d%04d" % (day.day, day.month, day.year)
    else:
        text = "%04d%02d%02d" % (day.year, day.month, day.day)
    return text == text[::-1]


def mirror_in_year(year, style):
    """The mirror date of a year in ISO form, or None."""
    back = ("%04d" % year)[::-1]
    first, second = int(back[:2]), int(back[2:])
    if style == "dmy":
        day, month = first, second
    elif style == "ymd":
        month, day = first, second
    else:
        raise ValueError("unknown style: " + style)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def next_mirror(start, style, limit=60):
    """Next mirror date strictly after an ISO date, within `limit` years."""
    day = date.fromisoformat(start) + timedelta(days=1)
    if is_mirror(day, style):
        return day.isoformat()
    for year in range(day.year, day.year + limit + 1):
        found = mirror_in_year(year, style)
        if found is not None and found >= day.isoformat():
            return found
    return None
