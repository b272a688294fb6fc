"""Raises what a person at the keyboard does."""
# effect: killed 2
# expect-wasm: raised | exited
# expect-native: raised | exited | killed

from luthier import tool


@tool
def attack() -> str:
    """Interrupts."""
    raise KeyboardInterrupt
