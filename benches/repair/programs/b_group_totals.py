"""Group records and print totals as lines of a simple report."""

from itertools import groupby


def group_total(records, keys, field):
    """Sum a field for each combination of keys; returns [values, total] lines."""
    totals = {}
    for record in records:
        key = tuple(str(record.get(name, "-")) for name in keys)
        totals[key] = totals.get(key, 0) + record.get(field, 0)
    return [[list(key), totals[key]] for key in sorted(totals)]


def report(records, outer, inner, field, limit=0):
    """Lines with subtotals for each outer value; small inner lines are joined."""
    lines = []
    grand = 0
    totals = group_total(records, [outer, inner], field)
    for name, group in groupby(totals, key=lambda line: line[0][0]):
        subtotal = 0
        small = 0
        lines.append(name)
        for (_, label), amount in group:
            subtotal += amount
            if abs(amount) < limit:
                small += amount
                continue
            lines.append("  %s: %d" % (label, amount))
        if small:
            lines.append("  other: %d" % small)
        lines.append("  = %d" % subtotal)
        grand += subtotal
    lines.append("total %d" % grand)
    return lines


def top(records, key, field, count):
    """The groups with the largest totals; ties at the border all stay."""
    lines = sorted(group_total(records, [key], field), key=lambda line: -line[1])
    if count < 1:
        return []
    if len(lines) <= count:
        return [[values[0], total] for values, total in lines]
    border = lines[count - 1][1]
    return [[values[0], total] for values, total in lines if total >= border]
