"""Looks for modules of other versions, and of other cases, in the same process."""
# calls: 2
# isolation: fresh
# effect: escaped
# expect-wasm: value
# expect-native: value
# denied: "alone"

import gc
from types import FunctionType

from luthier import tool


@tool
def attack() -> str:
    """Counts the functions that look like itself."""
    same = [found for found in gc.get_objects() if type(found) is FunctionType and found.__name__ == "attack"]
    return "alone" if len(same) < 2 else f"escaped: met {len(same) - 1} others"
