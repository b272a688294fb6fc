"""Reads a file as if it were a page."""
# takes: secret
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import urllib.request

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Opens a URL of a file."""
    with urllib.request.urlopen(f"file://{secret}") as page:
        return f"escaped: {page.read()!r}"
