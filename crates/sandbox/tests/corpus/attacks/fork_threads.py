"""Starts two hundred threads."""
# effect: threads 150
# expect-wasm: raised | load-failed
# expect-native: raised

import threading

from luthier import tool


@tool
def attack() -> str:
    """Does many things at once."""
    end = threading.Event()
    started = 0
    try:
        for _ in range(200):
            threading.Thread(target=end.wait, args=(5,)).start()
            started += 1
        end.wait(0.3)
    finally:
        end.set()
    return f"escaped: {started} threads"
