"""Changes what it takes for the root, the first step of an old way out."""
# takes: play
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Makes a folder the root."""
    os.chroot(play)
    return "escaped: another root"
