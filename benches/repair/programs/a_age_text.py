"""Ages in years, months and days, and age bands for tickets."""
import calendar
from datetime import date


def age_parts(born, on):
    """Whole years, months and days between two ISO dates."""
    start, end = date.fromisoformat(born), date.fromisoformat(on)
    if end < start:
        raise ValueError("not born yet")
    months = (end.year - start.year) * 12 + end.month - start.month
    days = end.day - start.day
    if days < 0:
        months -= 1
        year, month = end.year, end.month - 1
        if month == 0:
            year, month = year - 1, 12
        length = calendar.monthrange(year, month)[1]
        days = length - min(start.day, length) + end.day
    return [months // 12, months % 12, days]


def age_text(born, on):
    """'3 days', '5 months', '1 year 2 months' under three, then years."""
    years, months, days = age_parts(born, on)
    if years >= 3:
        return "%d years" % years
    pieces = []
    for count, noun in ((years, "year"), (months, "month")):
        if count:
            pieces.append("%d %s%s" % (count, noun, "" if count == 1 else "s"))
    if pieces:
        return " ".join(pieces)
    if days == 0:
        return "newborn"
    return "%d day%s" % (days, "" if days == 1 else "s")


def fare_band(born, on, student=False):
    """Ticket band: infant, child, youth, adult or senior."""
    years = age_parts(born, on)[0]
    limits = [(2, "infant"), (15, "child"), (26 if student else 19, "youth"), (65, "adult")]
    for limit, band in limits:
        if years < limit:
            return band
    return "senior"
