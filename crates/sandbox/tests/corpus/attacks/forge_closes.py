"""Closes every descriptor, so that no answer arrives."""
# effect: breaks
# expect-wasm: value | raised | exited | crashed
# expect-native: exited | forged | killed | crashed | raised | deadline
# denied: "done"

import os

from luthier import tool


@tool
def attack() -> str:
    """Hangs up."""
    os.closerange(3, 4096)
    return "done"
