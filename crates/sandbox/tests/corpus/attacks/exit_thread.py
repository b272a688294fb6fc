"""Leaves from another thread, while the call goes on."""
# effect: exits 0
# expect-wasm: raised | load-failed
# expect-native: exited

import os
import threading
import time

from luthier import tool


@tool
def attack() -> str:
    """Is ended by its helper."""
    threading.Thread(target=os._exit, args=(0,)).start()
    time.sleep(5)
    return "escaped: outlived the exit"
