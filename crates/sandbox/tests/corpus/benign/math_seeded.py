"""Draws from a generator with a seed of its own."""
# arguments: {"seed": 42}
# value: [0.639426798, true, 6511]

import random

from luthier import tool


@tool
def run(seed: int) -> list[float | int | bool]:
    """The same numbers for the same seed."""
    one, other = random.Random(seed), random.Random(seed)
    drawn = [one.random() for _ in range(1000)]
    return [round(drawn[0], 9), drawn == [other.random() for _ in range(1000)], one.getrandbits(16)]
