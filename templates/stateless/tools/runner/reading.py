"""One tool without a memory: what it answers depends on its arguments and on the state alone."""

from typing import TypedDict

from luthier import Context, tool


class Reading(TypedDict):
    words: int
    minutes: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def reading_time(text: str, ctx: Context) -> Reading:
    """Says how long a text takes to read, in minutes, rounded up.

    Args:
        text: any text
    """
    words = len(text.split())
    return {"words": words, "minutes": -(-words // ctx.state["words_a_minute"])}
