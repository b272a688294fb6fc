"""Connects to a socket that lies in the file system."""
# takes: socket
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

from socket import AF_UNIX, SOCK_STREAM
from socket import socket as Socket

from luthier import tool


@tool
def attack(socket: str) -> str:
    """Calls a neighbour."""
    with Socket(AF_UNIX, SOCK_STREAM) as line:
        line.connect(socket)
        line.sendall(b"here")
    return "escaped: connected"
