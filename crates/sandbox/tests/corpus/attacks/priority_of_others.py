"""Changes how often another process runs, and where."""
# takes: victim
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack(victim: int) -> str:
    """Slows the victim down."""
    os.setpriority(os.PRIO_PROCESS, victim, 19)
    os.sched_setaffinity(victim, {0})
    return "escaped: the victim is slow"
