"""Opens anew what the process and others have open."""
# takes: victim
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Goes through descriptors of others."""
    met: Exception = FileNotFoundError("no process")
    for process in (str(victim), str(os.getppid()), "1"):
        try:
            for name in os.listdir(f"/proc/{process}/fd"):
                link = os.readlink(f"/proc/{process}/fd/{name}")
                return f"escaped: {process} has {link} open"
        except OSError as problem:
            met = problem
    raise met
