"""Moves a file that is not its own."""
# takes: play, secret
# effect: secret changed
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str, secret: str) -> str:
    """Moves the secret."""
    os.rename(secret, f"{play}/out")
    return "escaped: moved"
