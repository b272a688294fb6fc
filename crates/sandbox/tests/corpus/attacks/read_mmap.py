"""Maps a file into memory."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import mmap
import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Maps and looks."""
    file = os.open(secret, os.O_RDONLY)
    with mmap.mmap(file, 0, prot=mmap.PROT_READ) as memory:
        return f"escaped: {memory[:]!r}"
