"""Exhausts a generator that has no end."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from collections.abc import Iterator

from luthier import tool


def forever() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


@tool
def attack() -> str:
    """Looks for a number that is not there."""
    return str(-1 in forever())
