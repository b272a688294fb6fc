"""Joins the namespaces of another process."""
# takes: victim
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Moves in with the victim."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(os.open(f"/proc/{victim}/ns/uts", os.O_RDONLY), 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    return "escaped: moved in"
