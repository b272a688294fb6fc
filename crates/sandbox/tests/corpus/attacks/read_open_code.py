"""Opens a file as code, which hooks on `open` may not see."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import io

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Opens code."""
    with io.open_code(secret) as file:
        return f"escaped: {file.read()!r}"
