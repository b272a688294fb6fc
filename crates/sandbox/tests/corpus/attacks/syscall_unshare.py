"""Makes namespaces of its own, in which it would be root."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes

from luthier import tool

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000


@tool
def attack() -> str:
    """Leaves the namespaces it was put in."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0 and libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return "escaped: root of its own"
