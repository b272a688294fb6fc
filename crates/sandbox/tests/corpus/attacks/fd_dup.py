"""Duplicates a descriptor until there are five hundred."""
# effect: descriptors 400
# expect-wasm: raised
# expect-native: raised

import os
import time

from luthier import tool


@tool
def attack() -> str:
    """Copies descriptor 1."""
    copies = [os.dup(1) for _ in range(500)]
    time.sleep(0.2)
    for copy in copies:
        os.close(copy)
    return f"escaped: {len(copies)} descriptors"
