"""Writes beside itself, and where the process stands."""
# effect: file luthier-corpus-out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack() -> str:
    """Writes to a relative path."""
    with open("luthier-corpus-out", "w") as file:
        file.write("here")
    return f"escaped: wrote into {os.getcwd()}"
