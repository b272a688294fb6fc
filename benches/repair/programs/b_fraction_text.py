"""Read and write inch sizes such as '1 3/4' or '-5/8'."""

from fractions import Fraction


def read(text):
    """Return the size as a Fraction; ValueError if it makes no sense."""
    body = text.strip()
    sign = 1
    if body.startswith("-"):
        sign = -1
        body = body[1:].lstrip()
    parts = body.split()
    if not 1 <= len(parts) <= 2:
        raise ValueError("not a size: " + text)
    total = Fraction(0)
    for position, part in enumerate(parts):
        top, slash, bottom = part.partition("/")
        if not top.isdigit() or (slash and not bottom.isdigit()):
            raise ValueError("not a size: " + text)
        is_last = position == len(parts) - 1
        if len(parts) == 2 and bool(slash) != is_last:
            raise ValueError("not a size: " + text)
        if slash and int(bottom) == 0:
            raise ValueError("zero below: " + text)
        total += Fraction(int(top), int(bottom) if slash else 1)
    return sign * total


def write(size):
    """Return the size as text with a whole part and a proper fraction."""
    sign = "-" if size < 0 else ""
    whole, rest = divmod(abs(size.numerator), size.denominator)
    if rest == 0:
        return sign + str(whole)
    part = "%d/%d" % (rest, size.denominator)
    if whole:
        return "%s%d %s" % (sign, whole, part)
    return sign + part


def nearest(text, parts):
    """Round a size to the nearest of so many parts of an inch, half away."""
    size = read(text)
    scaled = abs(size) * parts
    count = int(scaled + Fraction(1, 2))
    return write(Fraction(-count if size < 0 else count, parts))


def add_all(texts):
    return write(sum((read(text) for text in texts), Fraction(0)))
