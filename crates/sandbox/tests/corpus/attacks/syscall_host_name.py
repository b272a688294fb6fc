"""Renames the machine."""
# effect: host renamed
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Sets the name of the host."""
    socket.sethostname("luthier-corpus")
    return "escaped: renamed"
