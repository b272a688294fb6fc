"""Loops for ever while it is imported, and swallows every interrupt."""
# effect: hangs
# expect-wasm: deadline
# expect-native: deadline

from luthier import tool


@tool
def attack() -> str:
    """Is never declared."""
    return "escaped: imported"


while True:
    try:
        while True:
            pass
    except BaseException:
        continue
