"""Connects to a socket that has a name and no file, which folders do not guard."""
# takes: abstract
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack(abstract: str) -> str:
    """Calls by name."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect("\0" + abstract)
        line.sendall(b"here")
    return "escaped: connected"
