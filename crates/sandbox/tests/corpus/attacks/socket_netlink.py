"""Asks the kernel about its network."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Opens a line to the kernel."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as line:
        line.bind((0, 0))
    return "escaped: the kernel listens"
