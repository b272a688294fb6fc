"""Uses values that cannot change, as keys."""
# value: ["FrozenInstanceError", 2, "Point(x=1, y=2)"]

import dataclasses

from luthier import tool


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int


@tool
def run() -> list[str | int]:
    """What happens when one is changed, and how equal ones count."""
    point = Point(1, 2)
    try:
        point.x = 5  # type: ignore[misc]
    except dataclasses.FrozenInstanceError as problem:
        return [type(problem).__name__, len({point, Point(1, 2), Point(2, 1)}), repr(point)]
    return ["changed"]
