"""How long a text takes to read."""

from typing import TypedDict

from luthier import Context, tool


class Reading(TypedDict):
    words: int
    minutes: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def reading_time(text: str, ctx: Context) -> Reading:
    """Estimates how many minutes a text takes to read, rounded up.

    Args:
        text: any text
    """
    words = len(text.split())
    return {"words": words, "minutes": -(-words // ctx.state["words_a_minute"])}
