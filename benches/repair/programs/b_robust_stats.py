"""Summaries of measurements that withstand a few wild values."""


def middle(values):
    """Return the median, or raise ValueError without values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def trimmed_mean(values, share):
    """Mean without the given share of values at each end."""
    cut = int(len(values) * share)
    kept = sorted(values)[cut:len(values) - cut]
    if not kept:
        raise ValueError("nothing left")
    return sum(kept) / len(kept)


def outliers(values, factor=3):
    """List values whose distance from the median is over factor spreads."""
    if len(values) < 3:
        return []
    centre = middle(values)
    spread = middle([abs(value - centre) for value in values])
    if spread == 0:
        return [value for value in values if value != centre]
    return [value for value in values if abs(value - centre) > factor * spread]


def five_numbers(values):
    """Smallest, lower quarter, median, upper quarter, largest."""
    ordered = sorted(values)
    half = len(ordered) // 2
    median = middle(ordered)
    if half == 0:
        return [median] * 5
    low = middle(ordered[:half])
    high = middle(ordered[-half:])
    return [ordered[0], low, median, high, ordered[-1]]
