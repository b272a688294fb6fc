"""Starts a shell through the C library."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Runs a command."""
    status = os.system(f"echo here > {play}/out")
    if status != 0:
        raise OSError(f"the shell ended with {status}")
    return "escaped: a shell ran"
