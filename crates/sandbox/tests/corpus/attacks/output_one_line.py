"""Prints one line of 32 MiB."""
# effect: output 33000000
# expect-wasm: output | memory | raised
# expect-native: output | memory | raised

from luthier import tool


@tool
def attack() -> str:
    """Talks without a pause."""
    print("x" * (32 << 20))
    return "escaped: printed it all"
