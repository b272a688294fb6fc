"""Stops a whole group of processes."""
# takes: victim
# effect: victim stopped
# expect-wasm: raised
# expect-native: raised

import os
import signal

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Stops the victim's group."""
    os.killpg(os.getpgid(victim), signal.SIGSTOP)
    return "escaped: stopped"
