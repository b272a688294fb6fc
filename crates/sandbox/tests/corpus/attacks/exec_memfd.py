"""Runs a program that lies in no file."""
# takes: play
# effect: file out
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(play: str) -> str:
    """Executes out of memory."""
    program = os.memfd_create("program")
    os.write(program, f"#!/bin/sh\necho here > {play}/out\n".encode())
    os.set_inheritable(program, True)
    os.execve(f"/proc/self/fd/{program}", ["program"], {})
    return "escaped: is another program"
