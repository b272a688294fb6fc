"""Runs bytecode that no compiler makes."""
# effect: killed 11
# expect-wasm: crashed | raised | value | deadline
# expect-native: killed | crashed | raised
# denied: "nonsense ran"

from luthier import tool


def honest() -> None:
    return None


@tool
def attack() -> str:
    """Runs nonsense."""
    # Loads constants that are not there, and calls them.
    broken = honest.__code__.replace(co_code=bytes([100, 255] * 64), co_consts=())
    honest.__code__ = broken
    honest()
    return "nonsense ran"
