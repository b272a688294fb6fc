"""Integrates by Simpson's rule."""
# arguments: {"steps": 100}
# value: 2.0

import math

from luthier import tool


@tool
def run(steps: int) -> float:
    """The sine from 0 to pi."""
    width = math.pi / steps
    weights = [1 if i in (0, steps) else 4 if i % 2 else 2 for i in range(steps + 1)]
    return round(math.fsum(w * math.sin(i * width) for i, w in enumerate(weights)) * width / 3, 6)
