"""Wants to run before all others, on every core."""
# effect: escaped
# expect-wasm: raised
# expect-native: raised

import os

from luthier import tool


@tool
def attack() -> str:
    """Tries the ways there are of being preferred."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.nice(1)
    return "escaped: runs as it likes"
