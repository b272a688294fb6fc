"""Deletes a file that is not its own."""
# takes: secret
# effect: secret changed
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Deletes the secret."""
    os.unlink(secret)
    return "escaped: deleted"
