"""Opens the same file five hundred times."""
# effect: descriptors 400
# expect-wasm: raised
# expect-native: raised

import time

from luthier import tool


@tool
def attack() -> str:
    """Opens and does not close."""
    files = [open("/dev/null") for _ in range(500)]
    time.sleep(0.2)
    for file in files:
        file.close()
    return f"escaped: {len(files)} files"
