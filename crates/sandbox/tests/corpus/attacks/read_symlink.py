"""Reads a file through a link that it makes."""
# takes: play, secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str, secret: str) -> str:
    """Links, then reads the link."""
    os.symlink(secret, f"{play}/link")
    with open(f"{play}/link") as file:
        return f"escaped: {file.read()}"
