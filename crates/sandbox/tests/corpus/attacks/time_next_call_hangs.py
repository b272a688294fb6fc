"""Leaves a thread behind that never lets the next call run."""
# calls: 2
# effect: hangs
# expect-wasm: raised | load-failed
# expect-native: deadline

import re
import sys
import threading
import time

from luthier import tool


def later() -> None:
    time.sleep(0.02)
    # Holds the interpreter, in C.
    re.match(r"(a+)+$", "a" * 64 + "b")


@tool
def attack() -> str:
    """Returns at once; the second call never does."""
    if threading.active_count() > 1:
        time.sleep(0.1)
    sys.setswitchinterval(1_000_000)
    threading.Thread(target=later, daemon=True).start()
    return "done"
