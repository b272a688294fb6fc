"""What has to be answered first."""

from typing import Annotated, TypedDict

from luthier import Context, Field, tool

from lib.urgency import score


class Flag(TypedDict):
    urgent: bool
    score: int
    because: list[str]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def flag_urgent(message: Annotated[str, Field(max_length=100_000)], ctx: Context) -> Flag:
    """Says if a message is urgent, by the words in it that the state gives a weight.

    Args:
        message: what somebody wrote
    """
    reached, because = score(message, ctx.state["urgent"]["weights"])
    return {"urgent": reached >= ctx.state["urgent"]["threshold"], "score": reached, "because": because}
