"""Parking fees with a grace time, free nights and a daily cap."""
from datetime import datetime, timedelta

OPEN, CLOSE = 8, 20


def charged_minutes(start, end):
    """Minutes within paid hours (08:00 to 20:00; Sundays are free), by day."""
    result = []
    day = start.replace(hour=0, minute=0)
    while day < end:
        first = max(start, day + timedelta(hours=OPEN))
        last = min(end, day + timedelta(hours=CLOSE))
        if day.weekday() != 6 and last > first:
            result.append(int((last - first).total_seconds()) // 60)
        day += timedelta(days=1)
    return result


def day_fee(minutes, rate, cap):
    """First hour at full rate, then each started half hour at half rate."""
    fee = rate
    extra = minutes - 60
    if extra > 0:
        fee += -(-extra // 30) * (rate // 2)
    return min(fee, cap)


def parking_fee(arrive, leave, rate=200, cap=1200, grace=10):
    """Fee in cents for a stay between two 'YYYY-MM-DD HH:MM' times."""
    start = datetime.strptime(arrive, "%Y-%m-%d %H:%M")
    end = datetime.strptime(leave, "%Y-%m-%d %H:%M")
    if end < start:
        raise ValueError("left before arriving")
    if end - start <= timedelta(minutes=grace):
        return 0
    return sum(day_fee(minutes, rate, cap) for minutes in charged_minutes(start, end))
