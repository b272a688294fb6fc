"""Match times against five-field schedules in the style of cron."""
from datetime import datetime

LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
DAY_NAMES = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def field_values(field, low, high):
    """Sorted numbers for a field such as '*/15', '1-5' or '2,mon'."""
    values = set()
    for part in field.lower().split(","):
        span, slash, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = DAY_NAMES.index(start) if start in DAY_NAMES else int(start)
            last = first
            if dash:
                last = DAY_NAMES.index(end) if end in DAY_NAMES else int(end)
            elif slash:
                last = high
        if first < low or last > high or first > last:
            raise ValueError("out of range: " + part)
        values.update(range(first, last + 1, int(step) if slash else 1))
    return sorted(values)


def matches(schedule, moment):
    """True when 'YYYY-MM-DD HH:MM' fits the schedule.

    When both day fields are limited, either of them is enough.
    """
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError("five fields needed")
    when = datetime.strptime(moment, "%Y-%m-%d %H:%M")
    actual = [when.minute, when.hour, when.day, when.month, (when.weekday() + 1) % 7]
    fits = []
    for field, value, (low, high) in zip(fields, actual, LIMITS):
        fits.append(value in field_values(field, low, high))
    if fields[2] != "*" and fields[4] != "*":
        day_fits = fits[2] or fits[4]
    else:
        day_fits = fits[2] and fits[4]
    return fits[0] and fits[1] and fits[3] and day_fits
