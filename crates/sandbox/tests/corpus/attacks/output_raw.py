"""Writes 32 MiB straight to descriptors 1 and 2."""
# effect: output 33000000
# expect-wasm: output | raised
# expect-native: output | raised

import os

from luthier import tool


@tool
def attack() -> str:
    """Talks past Python."""
    block = b"x" * (64 << 10)
    for _ in range(256):
        os.write(1, block)
        os.write(2, block)
    return "escaped: wrote it all"
