"""Fails by a mistake of its own."""
# arguments: {"numbers": []}
# raised: ZeroDivisionError

from luthier import tool


@tool
def run(numbers: list[float]) -> float:
    """A mean that nobody thought through."""
    return sum(numbers) / len(numbers)
