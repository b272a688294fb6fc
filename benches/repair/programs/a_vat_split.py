"""Split gross prices into net and VAT, and total them by rate."""

RATES = {"standard": 2000, "reduced": 500, "zero": 0}


def divide_half_up(top, bottom):
    """Integer quotient rounded to nearest, halves away from zero."""
    sign = -1 if top < 0 else 1
    return sign * ((2 * abs(top) + bottom) // (2 * bottom))


def vat_in_gross(gross, rate):
    """VAT held inside a gross amount; the rate is in hundredths of 1%."""
    return divide_half_up(gross * rate, 10000 + rate)


def summary(lines):
    """Totals by rate for [gross, quantity, rate name] lines.

    VAT is worked out once for each rate, on the sum of its lines.
    """
    totals = {}
    for gross, quantity, name in lines:
        if name not in RATES:
            raise ValueError("unknown rate: " + name)
        if quantity == 0:
            continue
        totals[name] = totals.get(name, 0) + gross * quantity
    result = {"rates": [], "net": 0, "vat": 0, "gross": 0}
    for name in RATES:
        if name not in totals:
            continue
        gross = totals[name]
        vat = vat_in_gross(gross, RATES[name])
        result["rates"].append([name, gross - vat, vat])
        result["net"] += gross - vat
        result["vat"] += vat
        result["gross"] += gross
    return result
