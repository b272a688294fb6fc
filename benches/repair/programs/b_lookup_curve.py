"""Read values from a curve given by points, in both directions."""

from bisect import bisect_right


def check_points(points):
    if len(points) < 2:
        raise ValueError("need two points")
    for (x, _), (following, _) in zip(points, points[1:]):
        if following <= x:
            raise ValueError("points out of order")


def value_at(points, x, beyond="hold"):
    """Straight lines between points; outside hold the end value or go on."""
    check_points(points)
    xs = [point[0] for point in points]
    if beyond == "hold":
        x = min(max(x, xs[0]), xs[-1])
    elif beyond != "extend":
        raise ValueError("beyond: " + beyond)
    right = bisect_right(xs, x)
    right = min(max(right, 1), len(points) - 1)
    x0, y0 = points[right - 1]
    x1, y1 = points[right]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def crossings(points, level):
    """List the places where the curve reaches the level, from left to right."""
    check_points(points)
    found = []
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if y0 == level:
            found.append(x0)
        elif (y0 - level) * (y1 - level) < 0:
            found.append(x0 + (level - y0) * (x1 - x0) / (y1 - y0))
    if points[-1][1] == level:
        found.append(points[-1][0])
    return found
