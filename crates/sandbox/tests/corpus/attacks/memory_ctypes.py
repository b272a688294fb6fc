"""Allocates with the C library."""
# effect: memory 900
# expect-wasm: raised | load-failed
# expect-native: raised | memory

import ctypes

from luthier import tool


@tool
def attack() -> str:
    """Allocates and writes."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for _ in range(16):
        block = libc.malloc(ctypes.c_size_t(64 << 20))
        if block is None:
            raise MemoryError("malloc")
        ctypes.memset(block, 120, 64 << 20)
    return "escaped: a gibibyte of the C library"
