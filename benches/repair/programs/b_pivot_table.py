"""Turn flat rows into a small cross table with totals."""

from collections import defaultdict


def collect(rows, row_key, col_key, value_key):
    """Gather the values of every cell, and skip rows that lack a field."""
    cells = defaultdict(list)
    for row in rows:
        if row_key not in row or col_key not in row:
            continue
        value = row.get(value_key)
        if value is None:
            continue
        cells[row[row_key], row[col_key]].append(value)
    return cells


def pivot(rows, row_key, col_key, value_key, how="sum"):
    """Return a list of lines; the first is the heading, the last the total."""
    functions = {"sum": sum, "count": len, "max": max}
    if how not in functions:
        raise ValueError("unknown summary " + how)
    cells = collect(rows, row_key, col_key, value_key)
    names = sorted({row for row, _ in cells})
    columns = sorted({col for _, col in cells})
    table = [[row_key] + columns + ["total"]]
    summary = functions[how]
    for name in names:
        line = [name]
        everything = []
        for column in columns:
            values = cells.get((name, column), [])
            line.append(summary(values) if values else 0)
            everything.extend(values)
        line.append(summary(everything))
        table.append(line)
    if names:
        bottom = [summary([v for n in names for v in cells.get((n, c), [])]) for c in columns]
        whole = [value for values in cells.values() for value in values]
        table.append(["total"] + bottom + [summary(whole)])
    return table
