"""Read durations such as '1h 30m' and write them for people."""
import re

SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


def parse_duration(text):
    """Seconds from '1d 2h', '90m', '-1.5h' or clock form '2:05:00'."""
    body = text.strip().lower()
    sign = 1
    if body.startswith("-"):
        sign, body = -1, body[1:]
    if re.fullmatch(r"\d+(:[0-5]\d){1,2}", body):
        total = 0
        for part in body.split(":"):
            total = total * 60 + int(part)
        if body.count(":") == 1:
            total *= 60
        return sign * total
    total = 0
    seen = []
    for number, unit in re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]+)", body):
        key = unit[0]
        if key not in SECONDS or key in seen:
            raise ValueError("bad unit: " + unit)
        seen.append(key)
        total += float(number) * SECONDS[key]
    if not seen:
        raise ValueError("no duration in " + text)
    return sign * int(total)


def duration_text(seconds, parts=2):
    """The largest units first, at most `parts` of them; '0s' for none."""
    if seconds == 0:
        return "0s"
    prefix = "-" if seconds < 0 else ""
    rest = abs(seconds)
    pieces = []
    for unit, size in SECONDS.items():
        if len(pieces) == parts:
            break
        count, rest = divmod(rest, size)
        if count:
            pieces.append("%d%s" % (count, unit))
        elif pieces:
            break
    return prefix + " ".join(pieces)
