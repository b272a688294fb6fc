"""What Luthier serves for the bench: the two tools of its peers, and what only it has."""

import time

from luthier import Context, tool

CODE = 0


@tool
def echo(text: str) -> str:
    """Says what it was told."""
    return text


@tool
def total(values: dict[str, int]) -> int:
    """Adds the values up."""
    return sum(values.values())


@tool
def spin(steps: int) -> int:
    """Keeps a processor busy."""
    number = 1
    for step in range(steps):
        number = (number * 31 + step) % 65521
    return steps


@tool
def whole(ctx: Context, wait_ms: int = 0) -> list[str]:
    """What the code and the state say, before and after a wait."""
    before = ctx.state["greeting"]
    time.sleep(wait_ms / 1000)
    return [str(CODE), before, ctx.state["greeting"], ctx.version]
