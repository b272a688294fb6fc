"""Plan a garden given as rows of letters; '.' is bare soil."""

SIDES = [(-1, 0), (0, -1), (0, 1), (1, 0)]


def around(rows, r, c):
    """Yield the letters on the four sides of a bed that lie in the garden."""
    for dr, dc in SIDES:
        row, col = r + dr, c + dc
        if 0 <= row < len(rows) and 0 <= col < len(rows[row]):
            yield rows[row][col]


def conflicts(rows, enemies):
    """List [row, col] of the plants that have an enemy beside them."""
    found = []
    for r, row in enumerate(rows):
        for c, plant in enumerate(row):
            if plant == ".":
                continue
            hostile = enemies.get(plant, "")
            if any(other in hostile for other in around(rows, r, c)):
                found.append([r, c])
    return found


def spread(rows, plant, seasons):
    """Each season the plant takes the bare beds beside it."""
    for _ in range(seasons):
        grown = []
        for r, row in enumerate(rows):
            line = ""
            for c, bed in enumerate(row):
                if bed == "." and plant in around(rows, r, c):
                    line += plant
                else:
                    line += bed
            grown.append(line)
        if grown == rows:
            break
        rows = grown
    return rows


def harvest(rows, worth):
    """Sum of the worth of all plants, one more for each equal neighbour."""
    total = 0
    for r, row in enumerate(rows):
        for c, plant in enumerate(row):
            if plant in worth:
                total += worth[plant] + list(around(rows, r, c)).count(plant)
    return total
