"""Opening hours such as 'Mo-Fr 09:00-17:00; Sa 10:00-14:00'."""

DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


def minutes(clock):
    """Minutes since midnight; 24:00 is allowed as an end."""
    hours, _, mins = clock.partition(":")
    total = int(hours) * 60 + int(mins)
    if not 0 <= total <= 1440 or int(mins) > 59:
        raise ValueError("bad time: " + clock)
    return total


def day_numbers(text):
    """'Mo-We,Su' becomes [0, 1, 2, 6]; ranges may wrap past Sunday."""
    numbers = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = DAYS.index(first)
        end = DAYS.index(last) if dash else start
        numbers.append(start)
        while start != end:
            start = (start + 1) % 7
            numbers.append(start)
    return numbers


def week_spans(spec):
    """Sorted [start, end] in minutes of the week; late ends run over."""
    spans = []
    for rule in spec.split(";"):
        words = rule.split()
        for day in day_numbers(words[0]):
            for hours in words[1:]:
                opens, _, closes = hours.partition("-")
                start, end = minutes(opens), minutes(closes)
                if end <= start:
                    end += 1440
                spans.append([day * 1440 + start, day * 1440 + end])
    return sorted(spans)


def status(spec, day, clock):
    """[is open, minutes until that changes]; closing time is not open."""
    now = DAYS.index(day) * 1440 + minutes(clock)
    waits = []
    for start, end in week_spans(spec):
        for point in (now, now + 10080):
            if start <= point < end:
                return [True, end - point]
        waits.append((start - now) % 10080)
    return [False, min(waits)]
