"""Makes two thousand folders."""
# takes: play
# effect: file out/1999
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Uses up inodes."""
    for number in range(2000):
        os.makedirs(f"{play}/out/{number}")
    return "escaped: 2000 folders"
