"""Kills another process."""
# takes: victim
# effect: victim killed
# expect-wasm: raised
# expect-native: raised

import os
import signal

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Kills by number."""
    os.kill(victim, signal.SIGKILL)
    return "escaped: killed"
