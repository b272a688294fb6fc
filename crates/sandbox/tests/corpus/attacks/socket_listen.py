"""Waits for connections itself."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import socket

from luthier import tool


@tool
def attack() -> str:
    """Serves."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"escaped: listens at {server.getsockname()[1]}"
