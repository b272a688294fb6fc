"""Learns what the machine is called."""
# effect: escaped
# expect-wasm: raised | load-failed | value
# expect-native: raised | value
# denied: "no name"

import socket

from luthier import tool


@tool
def attack() -> str:
    """Asks for the network's name of the machine."""
    name = socket.gethostname()
    return "no name" if name in ("", "localhost", "(none)", "sandbox") else f"escaped: {name}"
