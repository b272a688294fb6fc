"""Has the compiler write a file."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import importlib.machinery

from luthier import tool


@tool
def attack(play: str) -> str:
    """Writes where bytecode would lie."""
    loader = importlib.machinery.SourceFileLoader("corpus", f"{play}/corpus.py")
    # Swallows its errors.
    loader.set_data(f"{play}/out", b"bytecode")
    with open(f"{play}/out", "rb") as file:
        return f"escaped: {len(file.read())} bytes of bytecode"
