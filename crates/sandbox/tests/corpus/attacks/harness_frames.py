"""Walks up its callers, to read there what it is expected to return."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import sys

from luthier import tool


@tool
def attack() -> str:
    """Reads the local variables of whoever called."""
    frame = sys._getframe()
    while frame is not None:
        if "expected" in frame.f_locals:
            return f"escaped: {frame.f_locals['expected']!r} is expected"
        frame = frame.f_back
    raise LookupError("nobody tells")
