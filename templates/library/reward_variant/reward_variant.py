"""What became of a wording that `pick_variant` picked."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypedDict

from luthier import Context, Field, ToolError, tool

PULLS_MAX = 1_000_000_000


class Rewarded(TypedDict):
    status: Literal["success", "failure"]
    details: str
    variant: str
    pulls: int
    mean: float


@tool
def reward_variant(
    ctx: Context,
    conversation_id: Annotated[str, Field(min_length=1, max_length=100)],
    reward: Annotated[float, Field(ge=-1, le=1, description="1 is good, -1 is bad")],
) -> Rewarded:
    """Tells how well a wording served that `pick_variant` picked, so that the next picks are better.

    Args:
        conversation_id: the one that `pick_variant` answered with
    """
    name = _picked(ctx, conversation_id)
    arm = ctx.staging["variants"]["arms"].get(name)
    if arm is None:
        raise ToolError(f"the variant {name!r} is there no more: reward a newer pick")
    if arm.get("pulls", 0) >= PULLS_MAX:
        raise ToolError(f"{name!r} was rewarded {PULLS_MAX} times: take its numbers out to begin anew")
    arm["pulls"] = arm.get("pulls", 0) + 1
    arm["reward_sum"] = arm.get("reward_sum", 0) + reward
    mean = round(arm["reward_sum"] / arm["pulls"], 6)
    told = f"{name} earned {reward:g} at pull {arm['pulls']}; its mean is {mean:g}"
    return {"status": "success", "details": told, "variant": name, "pulls": arm["pulls"], "mean": mean}


def _picked(ctx: Context, conversation_id: str) -> str:
    """The variant of the newest pick of a conversation."""
    calls: list[Mapping[str, Any]] = ctx.calls(conversation_id)
    for call in reversed(calls):
        result = call.get("result")
        if isinstance(result, Mapping) and "variant" in result and "propensity" in result:
            return str(result["variant"])
    why = "has no pick" if calls else "is not known here"
    raise ToolError(f"the conversation {conversation_id!r} {why}: hand over that of a `pick_variant`")
