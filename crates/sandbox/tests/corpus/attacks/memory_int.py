"""Makes an integer of half a gibibyte."""
# effect: memory 500
# expect-wasm: raised | memory
# expect-native: raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Shifts far."""
    return f"escaped: {(1 << (4 << 30)).bit_length()} bits"
