"""Solves a quadratic equation whose roots are no real numbers."""
# arguments: {"a": 1, "b": 2, "c": 5}
# value: [[-1.0, 2.0], [-1.0, -2.0]]

import cmath

from luthier import tool


@tool
def run(a: float, b: float, c: float) -> list[list[float]]:
    """Real and imaginary parts of both roots."""
    root = cmath.sqrt(b * b - 4 * a * c)
    return [[one.real, one.imag] for one in ((-b + root) / (2 * a), (-b - root) / (2 * a))]
