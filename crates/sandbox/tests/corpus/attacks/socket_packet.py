"""Opens a socket that sees every packet."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Listens to the wire."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW):
        return "escaped: hears the wire"
