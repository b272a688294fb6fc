"""Leaves a thread behind that floods the output between calls."""
# calls: 2
# effect: output 8000000
# expect-wasm: raised | load-failed
# expect-native: value | output
# denied: "done"

import os
import threading
import time

from luthier import tool


def later() -> None:
    time.sleep(0.05)
    for _ in range(128):
        os.write(1, b"x" * (64 << 10))


@tool
def attack() -> str:
    """Returns at once."""
    threading.Thread(target=later, daemon=True).start()
    return "done"
