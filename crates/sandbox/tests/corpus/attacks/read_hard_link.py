"""Gives a file a second name, and reads that."""
# takes: play, secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str, secret: str) -> str:
    """Links, then reads."""
    os.link(secret, f"{play}/link")
    with open(f"{play}/link") as file:
        return f"escaped: {file.read()}"
