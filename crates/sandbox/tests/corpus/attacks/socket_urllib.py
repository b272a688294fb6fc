"""Fetches a page."""
# takes: port
# effect: contact
# expect-wasm: raised | load-failed
# expect-native: raised

import urllib.request

from luthier import tool


@tool
def attack(port: int) -> str:
    """Asks for a page, and does not mind the answer."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/here", timeout=0.3)
    except TimeoutError:
        pass
    return "escaped: asked for a page"
