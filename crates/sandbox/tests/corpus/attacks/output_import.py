"""Prints 32 MiB while it is imported."""
# effect: output 33000000
# expect-wasm: output | load-failed
# expect-native: output | load-failed

from luthier import tool

for _ in range(32):
    print("x" * (1 << 20))


@tool
def attack() -> str:
    """Has said it all."""
    return "escaped: printed at import"
