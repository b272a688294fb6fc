"""Sorts a hundred thousand numbers."""
# value: [31950, 1073024002, 2147465837]

from luthier import tool


@tool
def run() -> list[int]:
    """The smallest, the middle and the largest of a sequence that looks random."""
    numbers, state = [], 12345
    for _ in range(100_000):
        state = (1103515245 * state + 12345) % 2**31
        numbers.append(state)
    numbers.sort()
    return [numbers[0], numbers[50_000], numbers[-1]]
