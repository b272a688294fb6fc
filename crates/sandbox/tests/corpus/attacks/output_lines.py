"""Prints 32 MiB in lines."""
# effect: output 33000000
# expect-wasm: output
# expect-native: output

from luthier import tool


@tool
def attack() -> str:
    """Talks."""
    line = "x" * 1023
    for _ in range(32 << 10):
        print(line)
    return "escaped: printed it all"
