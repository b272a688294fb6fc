"""Reads a file by its path."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Opens and reads."""
    with open(secret) as file:
        return f"escaped: {file.read()}"
