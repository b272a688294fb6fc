"""Sends an open file through a pair of sockets, and reads what arrives."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import os
import socket

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Passes a file to itself."""
    here, there = socket.socketpair()
    socket.send_fds(here, [b"x"], [os.open(secret, os.O_RDONLY)])
    _, descriptors, _, _ = socket.recv_fds(there, 1, 1)
    return f"escaped: {os.read(descriptors[0], 4096)!r}"
