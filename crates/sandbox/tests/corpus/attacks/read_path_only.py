"""Opens a path without the right to read, and reads it through `/proc`."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Opens a name, then its content."""
    name = os.open(secret, getattr(os, "O_PATH", 0o10000000))
    with open(f"/proc/self/fd/{name}") as file:
        return f"escaped: {file.read()}"
