"""Asks for three gibibytes at once."""
# effect: escaped
# expect-wasm: raised | memory
# expect-native: raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Asks for much."""
    return f"escaped: {len(bytes(3 << 30))} bytes"
