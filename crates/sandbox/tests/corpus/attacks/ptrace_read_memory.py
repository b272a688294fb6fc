"""Copies memory out of another process."""
# takes: victim
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import errno

from luthier import tool

SYS_PROCESS_VM_READV = 310


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


@tool
def attack(victim: int) -> str:
    """Reads where nothing lies; a complaint about the address alone shows that it was allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(64)
    here, there = Piece(ctypes.addressof(buffer), 64), Piece(4096, 64)
    pieces = (ctypes.byref(here), ctypes.c_long(1), ctypes.byref(there), ctypes.c_long(1))
    result = libc.syscall(SYS_PROCESS_VM_READV, victim, *pieces, ctypes.c_long(0))
    problem = ctypes.get_errno()
    if result < 0 and problem != errno.EFAULT:
        raise OSError(problem, "process_vm_readv")
    return "escaped: memory of another process"
