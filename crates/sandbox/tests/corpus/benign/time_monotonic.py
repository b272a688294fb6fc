"""Measures how long something takes."""
# value: [true, true, true]

import time

from luthier import tool


@tool
def run() -> list[bool]:
    """Clocks go forward, and a short sleep takes its time."""
    before, counter = time.monotonic(), time.perf_counter_ns()
    time.sleep(0.01)
    return [time.monotonic() - before >= 0.005, time.perf_counter_ns() > counter, time.time() > 1_600_000_000]
