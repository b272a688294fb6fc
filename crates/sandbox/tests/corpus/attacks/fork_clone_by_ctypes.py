"""Makes a process by the raw system call, past every wrapper."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os
import signal

from luthier import tool

SYS_CLONE = 56


@tool
def attack() -> str:
    """Clones itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = libc.syscall(SYS_CLONE, signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    if child < 0:
        raise OSError(ctypes.get_errno(), "clone")
    os.waitpid(child, 0)
    return f"escaped: process {child}"
