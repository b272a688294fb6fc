"""Crashes while it is imported."""
# effect: killed 6
# expect-wasm: crashed | load-failed | exited
# expect-native: killed | crashed

import os

from luthier import tool

os.abort()


@tool
def attack() -> str:
    """Is never declared."""
    return "escaped: imported"
