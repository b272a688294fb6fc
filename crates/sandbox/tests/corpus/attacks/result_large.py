"""Returns a text of 15 MiB, just below what the package takes."""
# effect: told 15000000
# expect-wasm: output | raised | memory
# expect-native: output | raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Returns much."""
    return "x" * (15 << 20)
