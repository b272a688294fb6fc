"""Seat groups in the rows of a hall, given as strings of '.', 'x' and ' '."""


def free_runs(row):
    """List [start, length] of the runs of free seats; a blank is an aisle."""
    runs = []
    start = None
    for i, mark in enumerate(row + "x"):
        if mark == ".":
            if start is None:
                start = i
        elif start is not None:
            runs.append([start, i - start])
            start = None
    return runs


def best_place(rows, size):
    """Find [row, seat] for a group: tightest run first, then nearest row."""
    best = None
    for number, row in enumerate(rows):
        for start, length in free_runs(row):
            if length < size:
                continue
            spare = length - size
            if best is None or spare < best[0]:
                best = (spare, number, start)
    if best is None:
        return None
    return [best[1], best[2]]


def seat_all(rows, groups):
    """Seat the groups in turn; return the rows and the places or None."""
    plan = list(rows)
    places = []
    for size in groups:
        place = best_place(plan, size)
        if place is not None:
            number, start = place
            row = plan[number]
            plan[number] = row[:start] + "x" * size + row[start + size:]
        places.append(place)
    return {"rows": plan, "places": places}
