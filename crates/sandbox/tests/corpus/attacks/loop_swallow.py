"""Swallows every exception that is meant to stop it."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
def attack() -> str:
    """Goes on, whatever it is told."""
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
