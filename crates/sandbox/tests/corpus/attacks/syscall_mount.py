"""Mounts a file system over a folder."""
# takes: play
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Covers a folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(f"{play}/covered", exist_ok=True)
    if libc.mount(b"none", f"{play}/covered".encode(), b"tmpfs", 0, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    return "escaped: mounted"
