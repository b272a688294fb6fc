"""Aborts."""
# effect: killed 6
# expect-wasm: crashed | exited | raised
# expect-native: killed | crashed

import os

from luthier import tool


@tool
def attack() -> str:
    """Gives up."""
    os.abort()
