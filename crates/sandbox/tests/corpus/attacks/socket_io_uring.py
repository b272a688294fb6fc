"""Asks for a ring of requests, which the kernel carries out past filters of system calls."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import errno

from luthier import tool

SYS_IO_URING_SETUP = 425


@tool
def attack() -> str:
    """Sets up a ring; a complaint about its shape alone shows that the kernel listens."""
    libc = ctypes.CDLL(None, use_errno=True)
    ring = libc.syscall(SYS_IO_URING_SETUP, 4, ctypes.create_string_buffer(120))
    problem = ctypes.get_errno()
    if ring < 0 and problem not in (errno.EINVAL, errno.EFAULT):
        raise OSError(problem, "io_uring_setup")
    return f"escaped: ring {ring}"
