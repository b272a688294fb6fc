"""Describes numbers."""
# arguments: {"values": [2, 4, 4, 4, 5, 5, 7, 9]}
# value: {"mean": 5.0, "median": 4.5, "mode": 4, "deviation": 2.0, "quartiles": [4.0, 4.5, 6.5]}

import statistics

from luthier import tool


@tool
def run(values: list[int]) -> dict[str, float | list[float]]:
    """Mean, median, mode, deviation and quartiles."""
    return {
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "mode": statistics.mode(values),
        "deviation": statistics.pstdev(values),
        "quartiles": statistics.quantiles(values, n=4),
    }
