"""Raises an exception whose text never ends."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


class Endless(Exception):
    def __str__(self) -> str:
        while True:
            pass


@tool
def attack() -> str:
    """Fails, and goes on failing."""
    raise Endless
