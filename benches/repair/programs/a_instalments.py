"""Plan instalments of an amount in cents with monthly due dates."""
import calendar
from datetime import date


def add_months(day, months):
    """Same day of a later month, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last))


def split_amount(total, count):
    """Even parts; the left-over cents go to the earliest parts."""
    if count < 1 or total < 0:
        raise ValueError("nothing to split")
    part, extra = divmod(total, count)
    return [part + 1 if i < extra else part for i in range(count)]


def plan(total, count, first, deposit=0, minimum=0):
    """Rows of [due date, amount, balance left]; deposit is paid at once.

    Fewer instalments are planned when one would fall below the minimum.
    """
    if deposit > total:
        raise ValueError("deposit above the total")
    start = date.fromisoformat(first)
    balance = total - deposit
    while count > 1 and balance // count < minimum:
        count -= 1
    rows = []
    if deposit:
        rows.append([first, deposit, balance])
    if balance == 0:
        return rows
    shift = 1 if deposit else 0
    for number, amount in enumerate(split_amount(balance, count)):
        balance -= amount
        due = add_months(start, number + shift)
        rows.append([due.isoformat(), amount, balance])
    return rows
