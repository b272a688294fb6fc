"""Returns numbers that JSON does not have."""
# effect: held
# expect-wasm: raised
# expect-native: raised

import math

from luthier import tool


@tool
def attack() -> list[float]:
    """Returns what is no number."""
    return [math.nan, math.inf, -math.inf]
