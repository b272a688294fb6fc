"""Fills dicts with dicts."""
# effect: memory 300
# expect-wasm: raised | memory | deadline
# expect-native: raised | memory | deadline

from luthier import tool


@tool
def attack() -> str:
    """Makes a large table."""
    table = {row: {column: [0] * 30 for column in range(100)} for row in range(11_500)}
    return f"escaped: {len(table)} rows"
