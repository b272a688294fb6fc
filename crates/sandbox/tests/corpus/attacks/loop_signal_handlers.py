"""Takes over the handlers of all signals, and loops."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import signal

from luthier import tool


@tool
def attack() -> str:
    """Ignores what it can."""
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    while True:
        pass
