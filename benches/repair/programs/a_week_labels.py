"""ISO week labels such as 2024-W05: make, parse and list them."""
from datetime import date, timedelta


def week_start(year, week):
    """The Monday that begins a week; January 4th is always in week one."""
    anchor = date(year, 1, 4)
    first = anchor - timedelta(days=anchor.weekday())
    return first + timedelta(days=7 * (week - 1))


def label_of(text):
    """Label of the week that holds an ISO date."""
    day = date.fromisoformat(text)
    year = day.year
    if day < week_start(year, 1):
        year -= 1
    elif day >= week_start(year + 1, 1):
        year += 1
    week = (day - week_start(year, 1)).days // 7 + 1
    return "%d-W%02d" % (year, week)


def dates_of(label):
    """First and last day of a labelled week, in ISO form."""
    year, mark, week = label.partition("-W")
    if not mark or not year.isdigit() or not week.isdigit():
        raise ValueError("bad label: " + label)
    start = week_start(int(year), int(week))
    if int(week) < 1 or start >= week_start(int(year) + 1, 1):
        raise ValueError("no such week: " + label)
    return [start.isoformat(), (start + timedelta(days=6)).isoformat()]


def labels_between(first, last):
    """Labels of all the weeks touched by a range of dates."""
    day = date.fromisoformat(first)
    end = date.fromisoformat(last)
    labels = []
    while day <= end:
        labels.append(label_of(day.isoformat()))
        day += timedelta(days=7 - day.weekday())
    return labels
