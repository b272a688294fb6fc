"""Builds collections in one expression each."""
# arguments: {"numbers": [3, 1, 4, 1, 5, 9, 2, 6]}
# value: [[3, 1, 1, 5, 9], [10, 20, 20, 40], {"3": 0, "1": 3, "4": 2, "5": 4, "9": 5, "2": 6, "6": 7}, [0, 1, 2, 3, 4], [5, 9, 6, 6]]

from luthier import tool


@tool
def run(numbers: list[int]) -> list[list[int] | dict[str, int]]:
    """Filtered, nested, by key, unique."""
    return [
        [number for number in numbers if number % 2],
        [x * y for x in (1, 2) for y in (10, 20)],
        {str(number): index for index, number in enumerate(numbers)},
        sorted({number // 2 for number in numbers}),
        [last := number for number in numbers if number > 4] + [last],
    ]
