"""Kills itself."""
# effect: killed 9
# expect-wasm: raised
# expect-native: killed | raised | value
# denied: "lives on"

import os
import signal

from luthier import tool


@tool
def attack() -> str:
    """Is gone."""
    os.kill(os.getpid(), signal.SIGKILL)
    return "lives on"
