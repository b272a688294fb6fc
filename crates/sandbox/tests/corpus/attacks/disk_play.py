"""Writes 32 MiB into a folder that anybody may write."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

from luthier import tool


@tool
def attack(play: str) -> str:
    """Writes."""
    with open(f"{play}/out", "wb") as file:
        for _ in range(32):
            file.write(bytes(1 << 20))
    return "escaped: wrote 32 MiB"
