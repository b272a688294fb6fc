"""Sleeps for an hour, in the kernel."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import time

from luthier import tool


@tool
def attack() -> str:
    """Does nothing, for long."""
    time.sleep(3600)
    return "escaped: slept well"
