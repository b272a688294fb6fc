"""Sorts as textbooks do."""
# arguments: {"numbers": [5, 2, 9, 1, 5, 6, -3]}
# value: [-3, 1, 2, 5, 5, 6, 9]

from luthier import tool


def quicksort(numbers: list[int]) -> list[int]:
    if len(numbers) < 2:
        return numbers
    pivot, *rest = numbers
    smaller = [number for number in rest if number < pivot]
    return [*quicksort(smaller), pivot, *quicksort([number for number in rest if number >= pivot])]


@tool
def run(numbers: list[int]) -> list[int]:
    """The numbers in order."""
    return quicksort(numbers)
