"""Signals all processes at once."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os
import signal

from luthier import tool


@tool
def attack() -> str:
    """Sends a signal that does no harm to everybody whom it reaches."""
    os.kill(-1, signal.SIGURG)
    return "escaped: everybody was signalled"
