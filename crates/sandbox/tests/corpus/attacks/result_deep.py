"""Returns a list that nests a hundred thousand deep."""
# effect: held
# expect-wasm: raised
# expect-native: raised

from typing import Any

from luthier import tool


@tool
def attack() -> Any:
    """Returns something deep."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested
