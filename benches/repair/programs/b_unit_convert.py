"""Convert amounts such as '2.5 km' between related units."""

import re

UNITS = {
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "m": ("length", 1),
    "km": ("length", 1000),
    "g": ("mass", 0.001),
    "kg": ("mass", 1),
    "t": ("mass", 1000),
    "s": ("time", 1),
    "min": ("time", 60),
    "h": ("time", 3600),
}

AMOUNT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def parse_amount(text):
    """Return number and unit, or raise ValueError."""
    match = AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("no amount: " + text)
    number, unit = match.groups()
    if unit not in UNITS:
        raise ValueError("unknown unit: " + unit)
    return float(number), unit


def convert(text, target):
    """Return the amount in the target unit, which must be of the same kind."""
    number, unit = parse_amount(text)
    kind, size = UNITS[unit]
    target_kind, target_size = UNITS[target]
    if kind != target_kind:
        raise TypeError("%s is no %s" % (unit, target_kind))
    return round(number * size / target_size, 6)


def pretty(text):
    """Show the amount in the largest unit that leaves at least one whole."""
    number, unit = parse_amount(text)
    kind, size = UNITS[unit]
    base = number * size
    best = unit
    choices = sorted((s, name) for name, (k, s) in UNITS.items() if k == kind)
    for candidate_size, name in choices:
        if abs(base) >= candidate_size or candidate_size == choices[0][0]:
            best = name
    return "%g %s" % (convert(text, best), best)
