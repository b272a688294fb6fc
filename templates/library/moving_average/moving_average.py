"""Numbers without their noise."""

import math
from typing import Annotated

from luthier import Field, ToolError, tool

WINDOW = 3
DIGITS = 6


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def moving_average(
    values: Annotated[list[Annotated[float, Field(ge=-1e12, le=1e12)]], Field(max_length=100_000)],
    window: Annotated[int, Field(ge=1, le=10_000)] = WINDOW,
) -> list[float]:
    """Averages each run of neighbours in a list of numbers: the first result is the mean of the first window.

    Args:
        values: the numbers in their order
        window: how many neighbours are averaged
    """
    if window > len(values):
        raise ToolError(f"{len(values)} numbers are too few for a window of {window}")
    # Each sum anew: a running one would carry its rounding along.
    return [
        round(math.fsum(values[start : start + window]) / window, DIGITS)
        for start in range(len(values) - window + 1)
    ]
