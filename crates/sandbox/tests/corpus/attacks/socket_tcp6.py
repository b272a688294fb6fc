"""Connects to a port of this machine over IPv6."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack(port: int) -> str:
    """Calls home over the newer protocol."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as line:
        line.connect(("::1", port))
        line.sendall(b"here")
    return "escaped: connected"
