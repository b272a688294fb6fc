"""Fits a line to points."""
# arguments: {"xs": [1, 2, 3, 4], "ys": [3, 5, 7, 9]}
# value: [2.0, 1.0, 1.0]

import statistics

from luthier import tool


@tool
def run(xs: list[float], ys: list[float]) -> list[float]:
    """Slope, intercept and correlation."""
    slope, intercept = statistics.linear_regression(xs, ys)
    return [round(slope, 6), round(intercept, 6), round(statistics.correlation(xs, ys), 6)]
