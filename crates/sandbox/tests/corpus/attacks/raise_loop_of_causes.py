"""Raises an exception that is the cause of its own cause."""
# effect: held
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack() -> str:
    """Blames in a circle."""
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first
