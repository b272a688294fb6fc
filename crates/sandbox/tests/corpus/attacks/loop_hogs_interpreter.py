"""Never lets another thread of the interpreter run."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import sys

from luthier import tool


@tool
def attack() -> str:
    """Asks for a turn of eleven days."""
    sys.setswitchinterval(1_000_000)
    while True:
        pass
