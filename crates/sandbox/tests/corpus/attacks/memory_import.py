"""Takes a gibibyte while it is imported."""
# effect: memory 900
# expect-wasm: load-failed | memory
# expect-native: load-failed | memory

from luthier import tool

BLOCKS = [b"x" * (1 << 20) for _ in range(1024)]


@tool
def attack() -> str:
    """Has it all already."""
    return f"escaped: {len(BLOCKS)} MiB"
