"""Raises `SystemExit`."""
# effect: exits 0
# expect-wasm: exited | raised
# expect-native: exited | raised

import sys

from luthier import tool


@tool
def attack() -> str:
    """Asks to leave."""
    sys.exit(0)
