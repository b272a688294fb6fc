"""Computes a power that takes hours and holds the interpreter."""
# effect: hangs
# expect-wasm: deadline | raised | memory
# expect-native: deadline | raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Raises a number to a power of millions."""
    return str((7 ** (3 * 10**7)) % 10)
