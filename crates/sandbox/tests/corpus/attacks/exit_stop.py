"""Stops itself: it neither runs nor ends."""
# effect: hangs
# expect-wasm: raised
# expect-native: deadline | raised | value
# denied: "went on"

import os
import signal

from luthier import tool


@tool
def attack() -> str:
    """Waits for somebody to let it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)
    return "went on"
