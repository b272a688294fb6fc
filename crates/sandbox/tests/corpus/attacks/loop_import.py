"""Loops for ever while it is imported."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
def attack() -> str:
    """Is never declared."""
    return "escaped: imported"


while True:
    pass
