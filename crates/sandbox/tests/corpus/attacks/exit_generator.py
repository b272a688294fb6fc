"""Raises what closes generators, which is no `Exception`."""
# effect: exits 1
# expect-wasm: raised | exited
# expect-native: raised | exited

from luthier import tool


@tool
def attack() -> str:
    """Closes its caller."""
    raise GeneratorExit
