"""Looks closely at floating point numbers."""
# value: [0.30000000000000004, "0x1.999999999999ap-4", true, true, true, 2, 2.67, -4, 2, -4]

import math
import sys

from luthier import tool


@tool
def run() -> list[float | str | bool]:
    """What is exact and what is not."""
    return [
        0.1 + 0.2, (0.1).hex(), math.nextafter(1.0, 2.0) - 1.0 == sys.float_info.epsilon,
        float("1e308") * 10 > 1e308, math.isclose(0.1 + 0.2, 0.3), round(2.5), round(2.675, 2), 7 // -2, -7 % 3, divmod(-7, 2)[0],
    ]  # fmt: skip
