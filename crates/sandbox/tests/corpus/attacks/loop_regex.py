"""Backtracks exponentially in a regular expression."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import re

from luthier import tool


@tool
def attack() -> str:
    """Matches what takes longer than the universe has."""
    return str(re.match(r"(a+)+$", "a" * 64 + "b"))
