"""Makes a file of eight gibibytes that takes no room yet."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Promises a large file."""
    file = os.open(f"{play}/out", os.O_CREAT | os.O_RDWR)
    os.ftruncate(file, 8 << 30)
    return f"escaped: {os.fstat(file).st_size} bytes"
