"""Takes an open file out of another process."""
# takes: victim
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os

from luthier import tool

SYS_PIDFD_GETFD = 438


@tool
def attack(victim: int) -> str:
    """Copies the victim's descriptor 0."""
    libc = ctypes.CDLL(None, use_errno=True)
    taken = libc.syscall(SYS_PIDFD_GETFD, os.pidfd_open(victim), 0, 0)
    if taken < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return f"escaped: has {os.readlink(f'/proc/self/fd/{taken}')}"
