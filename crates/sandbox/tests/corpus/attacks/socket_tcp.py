"""Connects to a port of this machine."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack(port: int) -> str:
    """Calls home over TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(b"here")
    return "escaped: connected"
