"""Kills another process as if it were a thread, by the raw system call."""
# takes: victim
# effect: victim killed
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os

from luthier import tool

SYS_TGKILL = 234


@tool
def attack(victim: int) -> str:
    """Kills the first thread of the victim."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_TGKILL, victim, victim, 9) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "escaped: killed"
