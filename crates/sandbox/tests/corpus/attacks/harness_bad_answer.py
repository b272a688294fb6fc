"""Has the host handed something that is no JSON."""
# effect: breaks
# expect-wasm: forged | raised | crashed
# expect-native: forged | raised | crashed

import luthier._json
from luthier import tool

luthier._json._dump_plain = lambda value: b'{"escaped": \xff\x00 [[['


@tool
def attack() -> list[str]:
    """Returns a list that is written in its own way."""
    return ["anything"]
