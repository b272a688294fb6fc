"""Raises an exception of 16 MiB."""
# effect: told 16000000
# expect-wasm: raised | output | memory
# expect-native: raised | output | memory

from luthier import tool


@tool
def attack() -> str:
    """Fails at length."""
    raise ValueError("x" * (16 << 20))
