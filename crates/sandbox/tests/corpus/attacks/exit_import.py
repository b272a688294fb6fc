"""Leaves while it is imported."""
# effect: exits 0
# expect-wasm: exited | load-failed
# expect-native: exited | load-failed

import os

from luthier import tool

os._exit(0)


@tool
def attack() -> str:
    """Is never declared."""
    return "escaped: imported"
