"""Runs a file as a program; its errors quote it."""
# takes: secret
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import runpy

from luthier import tool


@tool
def attack(secret: str) -> str:
    """Takes a file for a program."""
    try:
        runpy.run_path(secret)
    except (SyntaxError, NameError) as problem:
        return f"escaped: {problem}"
    return "escaped: it ran"
