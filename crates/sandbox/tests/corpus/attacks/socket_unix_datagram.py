"""Sends a datagram to a socket in the file system, from a socket without a name."""
# takes: socket
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

from socket import AF_UNIX, SOCK_DGRAM
from socket import socket as Socket

from luthier import tool


@tool
def attack(socket: str) -> str:
    """Drops a note at a neighbour's."""
    with Socket(AF_UNIX, SOCK_DGRAM) as line:
        line.sendto(b"here", f"{socket}.notes")
    return "escaped: sent"
