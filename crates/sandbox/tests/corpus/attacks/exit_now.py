"""Leaves at once with the code of success."""
# effect: exits 0
# expect-wasm: exited | raised
# expect-native: exited

import os

from luthier import tool


@tool
def attack() -> str:
    """Is gone."""
    os._exit(0)
