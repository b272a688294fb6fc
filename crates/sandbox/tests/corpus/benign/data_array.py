"""Keeps numbers in little room."""
# value: [4000, 999, 989, 499500]

from array import array

from luthier import tool


@tool
def run() -> list[int]:
    """The size of a thousand numbers, and some of them."""
    numbers = array("i", range(1000))
    numbers.reverse()
    return [numbers.itemsize * len(numbers), numbers[0], numbers.index(10), sum(numbers)]
