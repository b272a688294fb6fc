"""Smoothing of short series that may have missing values."""


def mean_or_none(values):
    known = [value for value in values if value is not None]
    if not known:
        return None
    return sum(known) / len(known)


def trailing(values, window):
    """Mean of each value and those before it, at most window in all."""
    if window < 1:
        raise ValueError("window too small")
    result = []
    for end in range(1, len(values) + 1):
        start = max(0, end - window)
        result.append(mean_or_none(values[start:end]))
    return result


def centred(values, reach):
    """Mean of each value with reach neighbours on both sides, fewer at ends."""
    result = []
    for i in range(len(values)):
        span = min(reach, i, len(values) - 1 - i)
        result.append(mean_or_none(values[i - span:i + span + 1]))
    return result


def exponential(values, weight):
    """Running level where each new known value counts with the given weight."""
    level = None
    result = []
    for value in values:
        if level is None:
            level = value
        elif value is not None:
            level = level + weight * (value - level)
        result.append(level)
    return result
