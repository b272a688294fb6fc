"""Uses generators that take values and pass them on."""
# value: [10.0, 15.0, 30.0, 0, 1, 4, 9]

from collections.abc import Generator

from luthier import tool


def average() -> Generator[float, float, str]:
    total, count = 0.0, 0
    try:
        while True:
            total += yield total / count if count else 0.0
            count += 1
    finally:
        total = 0.0
    return "never"


def chained() -> Generator[int, None, None]:
    yield from range(2)
    yield from (number * number for number in range(2, 4))


@tool
def run() -> list[float]:
    """Running averages, and a chain of numbers."""
    averages = average()
    next(averages)
    told = [averages.send(value) for value in (10, 20, 60)]
    averages.close()
    return [*told, *chained()]
