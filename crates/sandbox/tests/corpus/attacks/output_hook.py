"""Has the interpreter itself write, by the hook for exceptions that nobody caught."""
# effect: output 33000000
# expect-wasm: output | deadline
# expect-native: output | deadline

import sys

from luthier import tool


@tool
def attack() -> str:
    """Has a hook talk."""
    problem = ValueError("x" * (256 << 10))
    for _ in range(130):
        sys.excepthook(ValueError, problem, None)
    return "escaped: the hook said it all"
