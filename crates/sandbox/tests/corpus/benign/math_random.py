"""Draws random numbers that a replay draws again."""
# value: {"floats": [0.323833, 0.150849], "dice": [6, 1, 1, 5, 1], "chosen": [20, 30, 10]}
# seed: 7

from luthier import Context, tool


@tool
def run(ctx: Context) -> dict[str, list[float | int]]:
    """Numbers of the call's own generator."""
    return {
        "floats": [round(ctx.rng.random(), 6) for _ in range(2)],
        "dice": [ctx.rng.randint(1, 6) for _ in range(5)],
        "chosen": [ctx.rng.choice([10, 20, 30]) for _ in range(3)],
    }
