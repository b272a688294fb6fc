"""Reads address 0."""
# effect: killed 11
# expect-wasm: raised | load-failed
# expect-native: killed | crashed | raised

import ctypes

from luthier import tool


@tool
def attack() -> str:
    """Crashes."""
    return f"escaped: {ctypes.string_at(0)!r}"
