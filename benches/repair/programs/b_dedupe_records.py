"""Remove duplicate records that agree on a normalised key."""


def norm(value):
    """Make a key part comparable: case and outer or doubled blanks vanish."""
    if isinstance(value, str):
        return " ".join(value.lower().split())
    return value


def filled(record):
    return sum(1 for value in record.values() if value not in (None, ""))


def dedupe(records, keys, keep="first"):
    """Keep one record for each key: the first, the last or the fullest one."""
    if keep not in ("first", "last", "fullest"):
        raise ValueError("keep: " + keep)
    chosen = {}
    loose = []
    for position, record in enumerate(records):
        key = tuple(norm(record.get(name)) for name in keys)
        if all(part is None or part == "" for part in key):
            loose.append((position, record))
            continue
        if key not in chosen:
            chosen[key] = (position, record)
        elif keep == "last":
            chosen[key] = (position, record)
        elif keep == "fullest" and filled(record) > filled(chosen[key][1]):
            chosen[key] = (position, record)
    kept = loose + list(chosen.values())
    kept.sort(key=lambda pair: pair[0])
    return [record for _, record in kept]
