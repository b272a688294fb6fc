"""Multiplies a string."""
# effect: memory 900
# expect-wasm: raised | memory
# expect-native: raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Repeats itself."""
    return f"escaped: {len('x' * (1 << 30))} characters"
