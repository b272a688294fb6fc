"""Count and add working days around weekends and holidays."""
from datetime import date, timedelta


def is_working(day, holidays):
    """False on Saturdays, Sundays and the listed ISO dates."""
    return day.weekday() < 5 and day.isoformat() not in holidays


def add_days(start, days, holidays):
    """Move by whole working days; zero rolls forward to a working day."""
    day = date.fromisoformat(start)
    step = timedelta(days=-1 if days < 0 else 1)
    if days == 0:
        while not is_working(day, holidays):
            day += step
        return day.isoformat()
    left = abs(days)
    while left > 0:
        day += step
        if is_working(day, holidays):
            left -= 1
    return day.isoformat()


def days_between(start, end, holidays):
    """Working days after start up to and including end; signed."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if first > last:
        return -days_between(end, start, holidays)
    weeks, rest = divmod((last - first).days, 7)
    count = weeks * 5
    for offset in range(1, rest + 1):
        if (first + timedelta(days=offset)).weekday() < 5:
            count += 1
    for text in set(holidays):
        day = date.fromisoformat(text)
        if first < day <= last and day.weekday() < 5:
            count -= 1
    return count
