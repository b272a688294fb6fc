"""Uses abstract classes and protocols."""
# value: [3.1416, 4.0, true, true]

import abc
import math
from typing import Protocol, runtime_checkable

from luthier import tool


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self) -> float: ...


class Circle(Shape):
    def area(self) -> float:
        return math.pi


class Square(Shape):
    def area(self) -> float:
        return 4.0


@runtime_checkable
class HasArea(Protocol):
    def area(self) -> float: ...


@tool
def run() -> list[float | str | bool]:
    """Areas, and what an abstract class says."""
    try:
        Shape()  # type: ignore[abstract]
    except TypeError as problem:
        told = "abstract" in str(problem)
    return [*(round(shape.area(), 4) for shape in (Circle(), Square())), told, isinstance(Square(), HasArea)]
