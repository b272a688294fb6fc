"""Has the kernel copy a file to where output goes."""
# takes: secret
# effect: output 10
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Copies without reading."""
    file = os.open(secret, os.O_RDONLY)
    sent = os.sendfile(1, file, 0, 4096)
    return f"escaped: {sent} bytes sent"
