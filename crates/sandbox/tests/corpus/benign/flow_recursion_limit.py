"""Recovers from recursing too deep."""
# value: "RecursionError"

from luthier import tool


def forever(number: int) -> int:
    return forever(number + 1) + 1


@tool
def run() -> str:
    """What Python says of it."""
    try:
        return str(forever(0))
    except RecursionError as problem:
        return type(problem).__name__
