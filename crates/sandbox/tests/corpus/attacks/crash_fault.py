"""Sends itself the signal of a fault."""
# effect: killed 11
# expect-wasm: raised | crashed
# expect-native: killed | crashed | raised | value
# denied: "lives on"

import os
import signal

from luthier import tool


@tool
def attack() -> str:
    """Pretends to crash."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return "lives on"
