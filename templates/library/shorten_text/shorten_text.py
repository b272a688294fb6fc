"""A text that has to fit."""

from typing import Annotated

from luthier import Field, ToolError, tool

# What fits where nobody says how much does.
CHARS_MAX = 80


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def shorten_text(
    text: str, chars_max: Annotated[int, Field(ge=1, le=100_000)] = CHARS_MAX, ending: str = "…"
) -> str:
    """Cuts a text at the end of a word, so that it fits together with its ending.

    Args:
        text: white space in it becomes single spaces
        chars_max: how long the result may be
        ending: what says that something is missing
    """
    bare = " ".join(text.split())
    if len(bare) <= chars_max:
        return bare
    room = chars_max - len(ending)
    if room < 0:
        raise ToolError(f"the ending has {len(ending)} characters, and {chars_max} are allowed: shorten it")
    cut = bare[:room]
    if bare[room] != " " and " " in cut:
        cut = cut.rpartition(" ")[0]
    return cut.rstrip(" ,;:-–") + ending
