"""Reads a file from a descriptor of the root folder."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Opens in two steps."""
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    file = os.open(secret.lstrip("/"), os.O_RDONLY, dir_fd=root)
    return f"escaped: {os.read(file, 4096).decode()}"
