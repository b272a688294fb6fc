"""Has `linecache` read a file."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import linecache

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Asks for lines of source."""
    lines = linecache.getlines(secret)
    if not lines:
        raise FileNotFoundError(secret)
    return f"escaped: {lines[0]}"
