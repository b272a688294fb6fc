"""Defines helpers and constants beside the tool."""
# arguments: {"weights": {"a": 2, "b": 1}}
# value: {"a": 67, "b": 33}

from luthier import tool

SCALE = 100


def normalised(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


@tool(name="percent", description="Parts of a hundred.")
def percent(weights: dict[str, float]) -> dict[str, int]:
    """Parts of a hundred."""
    return {name: round(part * SCALE) for name, part in normalised(weights).items()}


@tool
def run(weights: dict[str, float]) -> dict[str, int]:
    """The same as its neighbour."""
    return percent(weights)
