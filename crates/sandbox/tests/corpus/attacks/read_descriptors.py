"""Reads from every descriptor that it has inherited."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os
import stat

from luthier import tool


@tool
def attack() -> str:
    """Looks for open files that hold something."""
    for number in range(3, 1024):
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                found = os.pread(number, 4096, 0)
                if found and not found.startswith((b"\x7fELF", b"\x00asm")):
                    return f"escaped: {len(found)} bytes from descriptor {number}"
        except OSError:
            continue
    raise FileNotFoundError("no descriptor is a file")
