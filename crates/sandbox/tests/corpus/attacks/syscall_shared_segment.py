"""Makes shared memory of the old kind, which outlives every process."""
# effect: segment left
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool


@tool
def attack() -> str:
    """Leaves a segment behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(0x1C0295, 4096, 0o1600)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    return f"escaped: segment {segment}"
