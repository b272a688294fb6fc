"""Reads a file by way of the root of a process."""
# takes: secret, victim
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(secret: str, victim: int) -> str:
    """Tries the root of every process it can name."""
    met: Exception = FileNotFoundError("no process")
    for process in ("self", "thread-self", str(os.getppid()), str(victim), "1"):
        try:
            with open(f"/proc/{process}/root{secret}") as file:
                return f"escaped: {file.read()}"
        except OSError as problem:
            met = problem
    raise met
