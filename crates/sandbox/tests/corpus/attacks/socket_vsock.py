"""Opens a socket to the machine that this machine runs on."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Looks for the host of the host."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "escaped: a line to the host"
