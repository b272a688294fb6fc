"""Dates for rules such as 'second Tuesday' or 'last Friday' of a month."""
import calendar
from datetime import date

ORDER = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def nth_weekday(year, month, weekday, nth):
    """Day of the month, or None; a negative nth counts from the end."""
    length = calendar.monthrange(year, month)[1]
    if nth > 0:
        lead = (weekday - date(year, month, 1).weekday()) % 7
        day = 1 + lead + 7 * (nth - 1)
    else:
        back = (date(year, month, length).weekday() - weekday) % 7
        day = length - back + 7 * (nth + 1)
    return day if 1 <= day <= length else None


def parse_rule(rule):
    """'last Friday' becomes (4, -1); weekday names may be cut to three."""
    words = rule.lower().split()
    if len(words) != 2:
        raise ValueError("bad rule: " + rule)
    if words[0] != "last" and words[0] not in ORDER:
        raise ValueError("bad order: " + words[0])
    for index, name in enumerate(DAYS):
        if name.startswith(words[1]) and len(words[1]) >= 3:
            return index, ORDER.get(words[0], -1)
    raise ValueError("bad weekday: " + words[1])


def meetings(rule, year, month, count, skip=()):
    """The next `count` ISO dates; months in `skip` have no meeting."""
    weekday, nth = parse_rule(rule)
    dates = []
    for _ in range(count * 12):
        if len(dates) == count:
            break
        day = nth_weekday(year, month, weekday, nth)
        if day is not None and month not in skip:
            dates.append(date(year, month, day).isoformat())
        month += 1
        if month > 12:
            year, month = year + 1, 1
    return dates
