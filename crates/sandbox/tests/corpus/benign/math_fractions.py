"""Computes with fractions."""
# arguments: {"terms": 6}
# value: ["49/20", "355/113", "49/20"]

from fractions import Fraction

from luthier import tool


@tool
def run(terms: int) -> list[str]:
    """A sum of reciprocals, and an approximation of pi."""
    harmonic = sum((Fraction(1, n) for n in range(1, terms + 1)), Fraction(0))
    return [str(harmonic), str(Fraction(3.14159265).limit_denominator(120)), str(round(harmonic, 2))]
