"""Reads a file by unpickling, without naming `open` in its own code."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import pickle

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Unpickles a reader."""
    order = b"cio\nFileIO\n(V" + secret.encode() + b"\ntR."
    return f"escaped: {len(pickle.loads(order).read())} bytes"
