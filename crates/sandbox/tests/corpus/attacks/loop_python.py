"""Loops for ever in Python."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
def attack() -> str:
    """Never returns."""
    while True:
        pass
