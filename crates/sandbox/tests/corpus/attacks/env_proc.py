"""Reads the environment that the process was started with, and those of others."""
# takes: victim
# effect: escaped
# expect-wasm: raised | value
# expect-native: raised | value
# denied: "nothing of worth"

import os

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Looks for what a program may have deleted from its own copy."""
    met: Exception | None = None
    for process in ("self", str(os.getppid()), str(victim), "1"):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                if b"TOKEN=" in file.read():
                    return f"escaped: a token of process {process}"
        except OSError as problem:
            met = problem
    if met is not None:
        raise met
    return "nothing of worth"
