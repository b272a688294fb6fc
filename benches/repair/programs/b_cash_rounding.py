"""Rounding of money in cents: to steps, shop prices and shared bills."""


def round_step(cents, step, mode="near"):
    """Round to a multiple of step: near (half away from zero), even, up, down."""
    if step <= 0:
        raise ValueError("step must be positive")
    sign = -1 if cents < 0 else 1
    count, rest = divmod(abs(cents), step)
    if mode == "near":
        if 2 * rest >= step:
            count += 1
    elif mode == "even":
        if 2 * rest > step or (2 * rest == step and count % 2 == 1):
            count += 1
    elif mode == "up":
        if rest and sign > 0:
            count += 1
    elif mode == "down":
        if rest and sign < 0:
            count += 1
    else:
        raise ValueError("unknown mode " + mode)
    return sign * count * step


def shop_price(cents):
    """Next price that ends in 9 (under ten), in 99 (under 100), else in 00."""
    if cents < 1000:
        return round_step(cents + 1, 10, "up") - 1
    if cents < 10000:
        return round_step(cents + 1, 100, "up") - 1
    return round_step(cents, 100, "up")


def shares(cents, people, step):
    """Split a bill: all but the first pay a multiple of step, rounded down."""
    if people < 1 or cents < 0:
        raise ValueError("cannot share")
    common = cents // people // step * step
    first = cents - common * (people - 1)
    return [first] + [common] * (people - 1)
