"""Returns a list that holds itself."""
# effect: held
# expect-wasm: raised
# expect-native: raised

from typing import Any

from luthier import tool


@tool
def attack() -> list[Any]:
    """Returns a circle."""
    circle: list[Any] = []
    circle.append({"again": circle})
    return circle
