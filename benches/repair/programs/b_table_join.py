"""Join two lists of records on a common field."""


def index_by(records, key):
    """Map each key value to its records, in order."""
    index = {}
    for record in records:
        if key in record:
            index.setdefault(record[key], []).append(record)
    return index


def combine(left, right, key, prefix):
    """One joined row; fields that clash get the prefix."""
    row = dict(left)
    for name, value in right.items():
        if name == key:
            continue
        if name in left:
            name = prefix + name
        row[name] = value
    return row


def join(lefts, rights, key, how="inner"):
    """Join rows; 'left' keeps unmatched left rows, 'anti' only those."""
    if how not in ("inner", "left", "anti"):
        raise ValueError("how must be inner, left or anti")
    index = index_by(rights, key)
    rows = []
    for left in lefts:
        partners = index.get(left.get(key), [])
        if how == "anti":
            if not partners:
                rows.append(dict(left))
            continue
        if not partners and how == "left":
            rows.append(dict(left))
        for right in partners:
            rows.append(combine(left, right, key, "other_"))
    return rows
