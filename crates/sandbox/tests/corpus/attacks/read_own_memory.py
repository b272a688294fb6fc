"""Changes memory that is read-only, through `/proc/self/mem`."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool


@tool
def attack() -> str:
    """Overwrites code of the C library."""
    # A page of code, where a plain write would crash.
    address = ctypes.cast(ctypes.CDLL(None).rand, ctypes.c_void_p).value
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        before = memory.read(1)
        memory.seek(address)
        memory.write(before)
    return "escaped: code can be written"
