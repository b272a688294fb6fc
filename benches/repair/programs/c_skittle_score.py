"""Score sheet of a nine skittles game with its own bonus rules."""

PINS = 9


def rounds(throws):
    """Group throws in rounds: three throws at most, less when all pins are down."""
    current = []
    for throw in throws:
        if not 0 <= throw <= PINS - sum(current):
            raise ValueError("too many pins")
        current.append(throw)
        if sum(current) == PINS or len(current) == 3:
            yield current
            current = []
    if current:
        yield current


def round_score(pins, carry):
    """Return (points, carry to the next round) for one round.

    All nine at once doubles the next round, nine in two throws adds five now,
    three misses cost two points.
    """
    points = sum(pins)
    if carry:
        points *= 2
    if points == 0 and len(pins) == 3:
        return -2, False
    if sum(pins) == PINS and len(pins) == 2:
        points += 5
    return points, pins == [PINS]


def score_sheet(throws, limit=10):
    """Return the running totals after each of the first limit rounds."""
    totals = []
    total = 0
    carry = False
    for number, pins in enumerate(rounds(throws), start=1):
        if number > limit:
            break
        points, carry = round_score(pins, carry)
        total = max(0, total + points)
        totals.append(total)
    return totals
