"""Has the machinery of imports read a file."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import importlib.machinery

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Loads data."""
    loader = importlib.machinery.SourceFileLoader("secret", secret)
    return f"escaped: {loader.get_data(secret)!r}"
