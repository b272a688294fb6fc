"""Leaves a thread behind that the end of the process waits for."""
# effect: lingers
# expect-wasm: raised | load-failed
# expect-native: value
# denied: "done"

import threading
import time

from luthier import tool


@tool
def attack() -> str:
    """Starts a thread that is no daemon."""
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return "done"
