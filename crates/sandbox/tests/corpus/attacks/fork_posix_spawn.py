"""Starts a program with `posix_spawn`, which is no fork that Python sees."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Spawns a shell."""
    child = os.posix_spawn("/bin/sh", ["sh", "-c", f"echo here > {play}/out"], {})
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(f"the shell ended with {status}")
    return "escaped: a shell ran"
