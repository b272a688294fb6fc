"""Uses the functions of `math`."""
# arguments: {"n": 12}
# value: [479001600, 792, 6, 36, 1000000, 5.0, 45.0, 1.0, -1.0]

import math

from luthier import tool


@tool
def run(n: int) -> list[int | float]:
    """Whole numbers exactly, others to six digits."""
    return [
        math.factorial(n), math.comb(n, 5), math.gcd(n, 18), math.lcm(n, 18), math.isqrt(10**n + 1),
        round(math.hypot(3, 4), 6), round(math.degrees(math.atan2(1, 1)), 6), math.fsum([0.1] * 10),
        math.copysign(1, -0.0),
    ]  # fmt: skip
