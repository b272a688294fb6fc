"""Drains an endless iterator, all of it in C."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

import collections
import itertools

from luthier import tool


@tool
def attack() -> str:
    """Counts for ever."""
    collections.deque(itertools.count(), maxlen=0)
    return "escaped: counted to the end"
