"""Becomes another program, which keeps the descriptors."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Turns into a shell."""
    os.execv("/bin/sh", ["sh", "-c", f"echo here > {play}/out"])
    return "escaped: is a shell"
