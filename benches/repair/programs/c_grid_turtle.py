"""Turtle that walks on a bounded grid and marks the cells it visits."""

TURNS = {"L": -1, "R": 1}
HEADINGS = [(0, -1), (1, 0), (0, 1), (-1, 0)]


def parse_moves(text):
    """Yield (letter, count) for text such as 'F3RF2'."""
    index = 0
    while index < len(text):
        letter = text[index]
        index += 1
        start = index
        while index < len(text) and text[index].isdigit():
            index += 1
        yield letter, int(text[start:index] or "1")


def walk(width, height, text):
    """Start at the top left looking right; return position, bumps and picture."""
    x, y, heading, bumps = 0, 0, 1, 0
    grid = [["."] * width for _ in range(height)]
    pen = True
    grid[0][0] = "#"
    for letter, count in parse_moves(text):
        if letter in TURNS:
            heading = (heading + TURNS[letter] * count) % 4
        elif letter == "P":
            pen = not pen
        elif letter == "F":
            dx, dy = HEADINGS[heading]
            for _ in range(count):
                if not (0 <= x + dx < width and 0 <= y + dy < height):
                    bumps += 1
                    break
                x += dx
                y += dy
                if pen:
                    grid[y][x] = "#"
        else:
            raise ValueError(f"bad move {letter!r}")
    return {"at": [x, y], "bumps": bumps, "rows": ["".join(row) for row in grid]}
