"""Looks for the harness among the modules."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import sys

from luthier import tool


@tool
def attack() -> str:
    """Reads the main module."""
    cases = getattr(sys.modules.get("__main__"), "CASES", None)
    if cases is None:
        raise LookupError("the main module tells nothing")
    return f"escaped: {cases!r}"
