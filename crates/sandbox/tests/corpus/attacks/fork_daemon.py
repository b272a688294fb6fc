"""Forks twice, so that a grandchild outlives the process that runs the call."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os
import time

from luthier import tool


@tool
def attack(play: str) -> str:
    """Leaves somebody behind."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.2)
            with open(f"{play}/out", "w") as file:
                file.write("still here")
        os._exit(0)
    os.waitpid(child, 0)
    return "escaped: a daemon runs"
