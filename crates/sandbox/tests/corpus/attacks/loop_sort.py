"""Compares for ever inside `sorted`."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


class Undecided:
    def __lt__(self, other: object) -> bool:
        while True:
            pass


@tool
def attack() -> str:
    """Sorts what cannot be compared in finite time."""
    return str(len(sorted([Undecided(), Undecided()])))
