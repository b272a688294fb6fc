"""Stays inside one call of C, where no interrupt of Python's arrives."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
def attack() -> str:
    """Adds up numbers for hours."""
    return str(sum(range(10**12)))
