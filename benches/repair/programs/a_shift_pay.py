"""Pay for work shifts with unpaid breaks and night and overtime extras."""


def to_minutes(clock):
    """Minutes since midnight for 'HH:MM'."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def shift_minutes(start, end):
    """[paid, night] minutes; a shift may pass midnight.

    Shifts over six hours lose a 30 minute break, taken from day time first.
    """
    begin, finish = to_minutes(start), to_minutes(end)
    if finish <= begin:
        finish += 1440
    night = 0
    for low, high in ((0, 360), (1320, 1800), (2760, 2880)):
        night += max(0, min(finish, high) - max(begin, low))
    paid = finish - begin
    if paid > 360:
        paid -= 30
        night = min(night, paid)
    return [paid, night]


def week_pay(shifts, rate, limit=2400):
    """Pay in cents: 25% extra at night, half as much again over the limit."""
    if rate <= 0:
        raise ValueError("rate must be positive")
    paid = night = 0
    for start, end in shifts:
        minutes, dark = shift_minutes(start, end)
        paid += minutes
        night += dark
    overtime = max(paid - limit, 0)
    quarters = 4 * paid + night + 2 * overtime
    return {
        "minutes": paid,
        "night": night,
        "overtime": overtime,
        "pay": (quarters * rate + 120) // 240,
    }
