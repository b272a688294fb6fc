"""Percentages that add up exactly, and a fair split of cents."""


def split_whole(total, weights):
    """Split a whole number by weight; the largest remainders get the rest."""
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("bad weights")
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[:missing]:
        parts[i] += 1
    return parts


def percentages(counts, digits=0):
    """Map each name to a percentage so that all add up to one hundred."""
    if not any(counts.values()):
        return {name: 0 for name in counts}
    scale = 10 ** digits
    parts = split_whole(100 * scale, list(counts.values()))
    if digits == 0:
        return dict(zip(counts, parts))
    return {name: part / scale for name, part in zip(counts, parts)}


def with_others(counts, least):
    """Fold names under the least percentage into 'others', kept at the end."""
    shares = percentages(counts)
    result = {}
    others = 0
    for name, share in shares.items():
        if share < least:
            others += share
        else:
            result[name] = share
    if others:
        result["others"] = others
    return result
