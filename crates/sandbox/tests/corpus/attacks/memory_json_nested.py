"""Parses JSON so deep that the C stack ends, having lifted the limit."""
# effect: killed 11
# expect-wasm: raised | crashed | memory
# expect-native: raised | killed | crashed | memory

import json
import sys

from luthier import tool


@tool
def attack() -> str:
    """Parses brackets."""
    sys.setrecursionlimit(10**9)
    json.loads("[" * 10**6)
    return "escaped: parsed"
