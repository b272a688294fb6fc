"""Read dates in three spellings and answer simple calendar questions."""

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year, month):
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def parse_date(text):
    """Read '2024-02-29', '29.2.2024' or 'Feb 29, 24' as (year, month, day)."""
    text = text.strip().lower()
    if "-" in text:
        year, month, day = map(int, text.split("-"))
    elif "." in text:
        day, month, year = map(int, text.split("."))
    else:
        name, day, year = text.replace(",", " ").split()
        if name[:3] not in MONTHS:
            raise ValueError("unknown month " + name)
        month, day, year = MONTHS.index(name[:3]) + 1, int(day), int(year)
    if year < 100:
        year += 2000 if year < 70 else 1900
    if not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        raise ValueError("no such date: " + text)
    return year, month, day


def day_of_year(text):
    year, month, day = parse_date(text)
    return sum(month_days(year, m) for m in range(1, month)) + day


def shift_months(text, months):
    """Move a date by whole months; a day that does not exist becomes the last one."""
    year, month, day = parse_date(text)
    years, month0 = divmod(month - 1 + months, 12)
    year, month = year + years, month0 + 1
    return f"{year}-{month:02d}-{min(day, month_days(year, month)):02d}"


def days_between(first, second):
    """Days from the first date to the second one, negative when it is earlier."""
    if parse_date(second) < parse_date(first):
        return -days_between(second, first)
    start, end = parse_date(first)[0], parse_date(second)[0]
    whole = sum(366 if is_leap(year) else 365 for year in range(start, end))
    return whole + day_of_year(second) - day_of_year(first)
