"""Leaves a key in a ring of the kernel's, where others of the same user find it."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool

SYS_ADD_KEY, PROCESS_RING = 248, -2


@tool
def attack() -> str:
    """Adds a key to the ring of its own process, which dies with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = libc.syscall(SYS_ADD_KEY, b"user", b"luthier-corpus", b"here", 4, PROCESS_RING)
    if key < 0:
        raise OSError(ctypes.get_errno(), "add_key")
    return f"escaped: key {key}"
