"""Kills another process by a descriptor of it."""
# takes: victim
# effect: victim killed
# expect-wasm: raised
# expect-native: raised

import os
import signal

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Opens the process, then kills it."""
    signal.pidfd_send_signal(os.pidfd_open(victim), signal.SIGKILL)
    return "escaped: killed"
