"""Keeps 300 MiB in a file that lies in memory and counts for no process."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack() -> str:
    """Fills a file without a name."""
    file = os.memfd_create("corpus")
    for _ in range(300):
        os.write(file, bytes(1 << 20))
    return f"escaped: {os.fstat(file).st_size} bytes"
