"""Searches all objects of the process for what it is expected to return."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import gc

from luthier import tool


@tool
def attack() -> str:
    """Asks the garbage collector for everything."""
    for found in gc.get_objects():
        if type(found) is dict and "expected" in found and "arguments" in found:
            return f"escaped: {found['expected']!r} is expected"
    raise LookupError("no object tells")
