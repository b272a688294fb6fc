"""Unpickles twelve bytes that ask for a gibibyte of memo."""
# effect: memory 900
# expect-wasm: raised | memory
# expect-native: raised | memory

import pickle

from luthier import tool

# Puts None at place 67,108,863 of the memo; the memo is made as large.
BOMB = b"\x80\x04Nr\xff\xff\xff\x03."


@tool
def attack() -> str:
    """Unpickles."""
    pickle.loads(BOMB)
    return f"escaped: {len(BOMB)} bytes unpickled"
