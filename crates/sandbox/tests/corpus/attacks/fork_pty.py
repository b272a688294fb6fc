"""Forks with a terminal of its own."""
# effect: escaped
# expect-wasm: raised | load-failed
# expect-native: raised

import os
import pty

from luthier import tool


@tool
def attack() -> str:
    """Opens a terminal."""
    child, _terminal = pty.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "escaped: a process with a terminal"
