"""Waits for a lock that it holds itself."""
# effect: hangs
# expect-wasm: deadline | raised | crashed | load-failed
# expect-native: deadline

import threading

from luthier import tool


@tool
def attack() -> str:
    """Acquires twice."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
    return "escaped: locked twice"
