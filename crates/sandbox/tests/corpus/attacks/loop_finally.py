"""Starts to loop when it is told to stop."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import time

from luthier import tool


@tool
def attack() -> str:
    """Waits, and then does not leave."""
    try:
        time.sleep(3600)
    finally:
        while True:
            try:
                time.sleep(3600)
            except BaseException:
                continue
