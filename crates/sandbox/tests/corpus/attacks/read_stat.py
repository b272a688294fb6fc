"""Learns of a file what can be learned without opening it."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised | value
# denied: "its name alone"

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Asks for its size; the size alone is no secret, its extended attributes may be."""
    size = os.stat(secret).st_size
    try:
        with open(secret, "rb") as file:
            return f"escaped: {size} bytes, {file.read(1)!r} first"
    except OSError:
        return "its name alone"
