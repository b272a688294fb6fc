"""Connects by the C library, past every wrapper."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import ctypes
import os
import struct

from luthier import tool


@tool
def attack(port: int) -> str:
    """Calls `socket` and `connect`."""
    libc = ctypes.CDLL(None, use_errno=True)
    line = libc.socket(2, 1, 0)
    address = struct.pack("=H", 2) + struct.pack(">H", port) + bytes([127, 0, 0, 1]) + bytes(8)
    if line < 0 or libc.connect(line, address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), "connect")
    os.write(line, b"here")
    return "escaped: connected"
