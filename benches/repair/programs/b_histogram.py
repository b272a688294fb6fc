"""Histograms with equal buckets, and a text picture of them."""

import math


def histogram(values, low, high, count):
    """Count values in equal buckets; the top edge belongs to the last one."""
    if count < 1 or high <= low:
        raise ValueError("bad buckets")
    buckets = [0] * count
    under = over = 0
    for value in values:
        if value < low:
            under += 1
        elif value > high:
            over += 1
        elif value == high:
            buckets[-1] += 1
        else:
            position = math.floor((value - low) * count / (high - low))
            buckets[position] += 1
    return {"buckets": buckets, "under": under, "over": over}


def bars(buckets, width):
    """Scale bars to the width; a bucket with anything in it shows a mark."""
    largest = max(buckets, default=0)
    if largest == 0:
        return ["" for _ in buckets]
    lines = []
    for amount in buckets:
        length = amount * width // largest
        if amount > 0 and length == 0:
            lines.append(".")
        else:
            lines.append("#" * length)
    return lines
