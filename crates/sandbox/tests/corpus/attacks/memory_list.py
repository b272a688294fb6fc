"""Grows a list to a gibibyte."""
# effect: memory 900
# expect-wasm: raised | memory
# expect-native: raised | memory

from luthier import tool


@tool
def attack() -> str:
    """Collects."""
    blocks = []
    for _ in range(1024):
        blocks.append(b"x" * (1 << 20))
    return f"escaped: {len(blocks)} MiB"
