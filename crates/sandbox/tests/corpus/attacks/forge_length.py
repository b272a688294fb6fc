"""Announces a frame of four gibibytes to whoever reads."""
# effect: breaks
# expect-wasm: value | raised
# expect-native: forged | raised | value | killed
# denied: "done"

import os

from luthier import tool


@tool
def attack() -> str:
    """Writes a length that nothing will fill."""
    for number in range(3, 1024):
        try:
            os.write(number, b"\xff\xff\xff\xff" + b"\x23" * 13)
        except OSError:
            continue
    return "done"
