"""Uses tuples whose parts have names."""
# arguments: {"points": [[0, 0], [3, 4], [6, 8]]}
# value: {"length": 10.0, "middle": {"x": 3.0, "y": -1}}

import math
from typing import NamedTuple

from luthier import tool


class Point(NamedTuple):
    x: float
    y: float

    def distance(self, other: "Point") -> float:
        return math.dist(self, other)


@tool
def run(points: list[list[float]]) -> dict[str, float | Point]:
    """The length of the way, and its middle."""
    way = [Point(*point) for point in points]
    length = math.fsum(one.distance(other) for one, other in zip(way, way[1:], strict=False))
    return {"length": length, "middle": way[len(way) // 2]._replace(y=-1)}
