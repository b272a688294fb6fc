"""Makes a pipe with a name, and a device."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Makes what is no file."""
    os.mkfifo(f"{play}/out")
    return "escaped: a pipe is there"
