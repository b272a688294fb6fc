"""Returns an object whose own way of becoming JSON never returns."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from typing import Any

from luthier import tool


class Model:
    def model_dump(self, **_: object) -> object:
        while True:
            pass


@tool
def attack() -> Any:
    """Returns what looks like a model."""
    return Model()
