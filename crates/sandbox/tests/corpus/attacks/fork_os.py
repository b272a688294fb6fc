"""Forks fifty times."""
# effect: processes 40
# expect-wasm: raised
# expect-native: raised

import os
import time

from luthier import tool


@tool
def attack() -> str:
    """Has children."""
    children = []
    for _ in range(50):
        child = os.fork()
        if child == 0:
            time.sleep(0.3)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return f"escaped: {len(children)} children"
