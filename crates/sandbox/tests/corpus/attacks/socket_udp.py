"""Sends one datagram, which needs no connection."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack(port: int) -> str:
    """Drops a note."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"here", ("127.0.0.1", port))
    return "escaped: sent"
