"""Waits for input that nobody will type."""
# effect: hangs
# expect-wasm: deadline | raised | value
# expect-native: deadline | raised | value
# denied: "nothing to read"

import os

from luthier import tool


@tool
def attack() -> str:
    """Reads from descriptor 0."""
    heard = os.read(0, 1)
    return f"escaped: heard {heard!r}" if heard else "nothing to read"
