"""Keeps a little more with every call."""
# calls: 8
# effect: memory 900
# expect-wasm: raised | memory
# expect-native: raised | memory

from luthier import tool

KEPT: list[bytes] = []


@tool
def attack() -> str:
    """Never forgets."""
    KEPT.append(b"x" * (128 << 20))
    return "done" if len(KEPT) < 8 else f"escaped: {len(KEPT)} blocks kept"
