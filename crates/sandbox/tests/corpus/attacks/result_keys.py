"""Returns an object of four hundred thousand members."""
# effect: told 5000000
# expect-wasm: output | raised | memory | deadline
# expect-native: output | raised | memory | deadline

from luthier import tool


@tool
def attack() -> dict[str, int]:
    """Returns many."""
    return {f"k{number}": number for number in range(400_000)}
