"""What the scripts of the clients need beside the tools of the suite."""

import asyncio
from dataclasses import dataclass
from typing import Annotated

from luthier import Context, Field, ToolError, tool


@dataclass
class Quotient:
    quotient: int
    remainder: int


@tool
def divide(a: int, b: Annotated[int, Field(description="what `a` is divided by")]) -> Quotient:
    """Divides with a remainder."""
    if b == 0:
        raise ToolError("b must not be 0", {"b": b})
    return Quotient(*divmod(a, b))


@tool(stateful=True)
def remember(word: str, ctx: Context) -> list[str]:
    """Remembers words for the rest of the conversation."""
    words = ctx.session.setdefault("words", [])
    words.append(word)
    return list(words)


@tool
def greet(ctx: Context) -> str:
    """Greets as the state says."""
    return ctx.state["greeting"]


@tool
async def wait(marker: str, ctx: Context) -> str:
    """Waits until it is cancelled, and tells the log that it was."""
    try:
        ctx.progress(0, 1)
        await asyncio.get_running_loop().create_future()
    finally:
        ctx.log.info(f"stopped {marker}")
    return "nobody cancelled it"
