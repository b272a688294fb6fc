"""Prices and fees that change in steps with the amount."""


def check_tiers(tiers):
    """Tiers are [limit, rate]; limits rise and only the last may be None."""
    last = 0
    for i, (limit, _) in enumerate(tiers):
        if limit is None:
            if i != len(tiers) - 1:
                raise ValueError("open tier before the end")
        elif limit <= last:
            raise ValueError("limits must rise")
        else:
            last = limit


def sliced_fee(amount, tiers):
    """Each slice of the amount pays the rate of its own tier."""
    check_tiers(tiers)
    total = 0
    lower = 0
    for limit, rate in tiers:
        if limit is None or amount <= limit:
            return total + (amount - lower) * rate
        total += (limit - lower) * rate
        lower = limit
    return total


def flat_fee(amount, tiers):
    """The whole amount pays the rate of the tier it reaches."""
    check_tiers(tiers)
    for limit, rate in tiers:
        if limit is None or amount <= limit:
            return amount * rate
    raise ValueError("amount beyond the last tier")


def cheaper_to_buy_more(amount, tiers):
    """Return the amount to buy when a larger one costs less in total."""
    best = amount
    price = flat_fee(amount, tiers)
    for limit, _ in tiers[:-1]:
        if limit is not None and limit >= amount:
            candidate = flat_fee(limit + 1, tiers)
            if candidate < price:
                best = limit + 1
                price = candidate
    return best
