"""Signals whoever started it."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os
import signal

from luthier import tool


@tool
def attack() -> str:
    """Sends a signal that does no harm."""
    os.kill(os.getppid(), signal.SIGURG)
    return "escaped: the parent was signalled"
