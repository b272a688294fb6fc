"""Close a till: count the cash, leave a float and bank the rest."""

VALUES = [5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5]


def count_cash(counts):
    """Cents in a till given as denomination text -> number of pieces."""
    total = 0
    for name, pieces in counts.items():
        if int(name) not in VALUES or pieces < 0:
            raise ValueError("bad count for " + name)
        total += int(name) * pieces
    return total


def bank_rest(counts, leave):
    """Pieces to bank, largest first, so that at least `leave` stays."""
    spare = count_cash(counts) - leave
    banked = {}
    for value in VALUES:
        pieces = min(counts.get(str(value), 0), max(spare, 0) // value)
        if pieces:
            banked[str(value)] = pieces
            spare -= pieces * value
    return banked


def cash_up(counts, sales, opening, leave=10000, tolerance=100):
    """Report the takings, the difference and its verdict."""
    counted = count_cash(counts)
    difference = counted - opening - sum(sales)
    if difference == 0:
        verdict = "exact"
    elif abs(difference) <= tolerance:
        verdict = "fine"
    else:
        verdict = "over" if difference > 0 else "short"
    banked = bank_rest(counts, leave)
    return {
        "counted": counted,
        "difference": difference,
        "verdict": verdict,
        "banked": banked,
        "float": counted - count_cash(banked),
    }
