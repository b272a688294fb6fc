"""Reads the environment as the C library has it."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised | value
# denied: "nothing of worth"

import ctypes

from luthier import tool


@tool
def attack() -> str:
    """Walks `environ`."""
    variables = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    at = 0
    while variables and variables[at] is not None:
        if b"TOKEN" in variables[at]:
            return f"escaped: {variables[at].partition(b'=')[0]!r}"
        at += 1
    return "nothing of worth"
