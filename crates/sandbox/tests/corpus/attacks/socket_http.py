"""Posts what it knows."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import http.client

from luthier import tool


@tool
def attack(port: int) -> str:
    """Sends a body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    line.request("POST", "/here", body=b"here")
    return "escaped: posted"
