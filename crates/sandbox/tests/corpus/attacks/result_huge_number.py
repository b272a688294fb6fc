"""Returns an integer of a million digits."""
# effect: held
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack() -> int:
    """Returns a long number."""
    return 1 << 3_300_000
