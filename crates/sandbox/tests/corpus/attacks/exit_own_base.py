"""Raises an exception of its own that no `except Exception` sees."""
# effect: exits 1
# expect-wasm: raised | exited
# expect-native: raised | exited

from luthier import tool


class Own(BaseException):
    pass


@tool
def attack() -> str:
    """Passes by all handlers."""
    raise Own("seen by nobody")
