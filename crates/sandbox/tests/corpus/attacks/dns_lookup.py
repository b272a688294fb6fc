"""Looks up names, each by another function."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Resolves a name that every machine knows."""
    met: Exception = OSError("no answer")
    for look_up in (
        lambda: socket.gethostbyname("localhost"),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: socket.gethostbyaddr("127.0.0.1"),
    ):
        try:
            return f"escaped: {look_up()}"
        except OSError as problem:
            met = problem
    raise met
