"""Walk a robot through a small maze picture with slides, doors and teleports."""

WAYS = {"^": (-1, 0), "v": (1, 0), "<": (0, -1), ">": (0, 1)}


def find(rows, symbol, skip=None):
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if cell == symbol and (r, c) != skip:
                return r, c
    return None


def cell_at(rows, place):
    r, c = place
    if 0 <= r < len(rows) and 0 <= c < len(rows[r]):
        return rows[r][c]
    return "#"


def walk(rows, moves):
    """Follow moves from S; return where and how it ended.

    '#' is a wall, '~' is ice that slides on, 'k' a key, 'D' a door that needs
    a key each time, digits are pairs of teleports, 'G' is the goal.
    """
    place = find(rows, "S")
    if place is None:
        raise ValueError("no start")
    keys = set()
    used = 0
    for count, move in enumerate(moves, start=1):
        dr, dc = WAYS[move]
        while True:
            target = (place[0] + dr, place[1] + dc)
            cell = cell_at(rows, target)
            if cell == "#" or (cell == "D" and used >= len(keys)):
                break
            place = target
            if cell != "~":
                break
        landed = cell_at(rows, place)
        if landed == "k":
            keys.add(place)
        elif landed == "D" and place == target:
            used += 1
        elif landed.isdigit() and place == target:
            place = find(rows, landed, place) or place
        elif landed == "G":
            return {"at": place, "steps": count, "goal": True}
    return {"at": place, "steps": len(moves), "goal": False}
