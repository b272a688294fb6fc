"""Blocks all signals, ignores the others, and loops."""
# effect: hangs
# expect-wasm: deadline | raised
# expect-native: deadline

import signal

from luthier import tool


@tool
def attack() -> str:
    """Does not want to be disturbed."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass
