"""Returns half of a character."""
# effect: held
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack() -> str:
    """Returns text that UTF-8 cannot hold."""
    return "escaped: \ud800"
