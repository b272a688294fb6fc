"""Move, turn and mirror outlines with small matrices [[a, b, c], [d, e, f]]."""

TURNS = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}


def step_matrix(step):
    """Return the matrix of one step such as 'move 2 3' or 'turn 90'."""
    name, *numbers = step.split()
    values = [int(number) for number in numbers]
    if name == "move" and len(values) == 2:
        return [[1, 0, values[0]], [0, 1, values[1]]]
    if name == "scale" and 1 <= len(values) <= 2:
        return [[values[0], 0, 0], [0, values[-1], 0]]
    if name == "turn" and len(values) == 1 and values[0] % 90 == 0:
        cos, sin = TURNS[values[0] % 360]
        return [[cos, -sin, 0], [sin, cos, 0]]
    if name == "flip" and not values:
        return [[-1, 0, 0], [0, 1, 0]]
    raise ValueError("bad step: " + step)


def after(second, first):
    """Combine two matrices so that the first one is applied first."""
    result = []
    for a, b, c in second:
        row = [a * first[0][i] + b * first[1][i] for i in range(3)]
        row[2] += c
        result.append(row)
    return result


def transform(points, steps):
    """Apply the steps, which a semicolon separates, to all points."""
    matrix = [[1, 0, 0], [0, 1, 0]]
    for step in steps.split(";"):
        if step.strip():
            matrix = after(step_matrix(step), matrix)
    (a, b, c), (d, e, f) = matrix
    return [[a * x + b * y + c, d * x + e * y + f] for x, y in points]


def keeps_winding(steps):
    """True if the steps do not turn the outline inside out."""
    (ax, ay), (bx, by), (cx, cy) = transform([[0, 0], [1, 0], [0, 1]], steps)
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0
