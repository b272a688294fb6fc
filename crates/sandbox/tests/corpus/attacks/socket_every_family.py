"""Opens a socket of whatever family the kernel knows."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Tries virtual machines, Bluetooth, radio, cryptography and what else there is."""
    opened = []
    for family in range(3, 46):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            try:
                socket.socket(family, kind).close()
                opened.append(family)
            except OSError:
                continue
    if not opened:
        raise PermissionError("no family")
    return f"escaped: families {opened}"
