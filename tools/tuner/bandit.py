"""What a reward teaches the bandit, and what a staged bandit would be worth."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import bandit, offpolicy, ucb1

Status = Literal["success", "failure"]
Reward = Annotated[float, Field(ge=-1, le=1, description="how well it went, in the range that the state has")]


class Rewarded(TypedDict):
    status: Status
    details: str
    arm: str
    pulls: int


@tool
def bandit_reward(
    ctx: Context, conversation_id: Annotated[str, Field(min_length=1, max_length=100)], reward: Reward
) -> Rewarded:
    """Tells how well an arm served that `pick` chose, so that the next picks are better.

    Args:
        conversation_id: the one that `pick` answered with
    """
    call = _pick_of(ctx, conversation_id)
    arm, context = call["result"]["arm"], call["arguments"].get("context", "")
    learned = bandit.rewarded(ctx.staging["bandit"], context, arm, reward, ctx.pack, ctx.unpack)
    ctx.staging["bandit"] = learned
    known = learned["linear"] if learned["policy"] in bandit.LINEAR else learned
    pulls = known["arms"][arm]["pulls"]
    return {"status": "success", "details": f"{arm} earned {reward:g} at pull {pulls}", "arm": arm, "pulls": pulls}


def _pick_of(ctx: Context, conversation_id: str) -> Mapping[str, Any]:
    """The newest call of that conversation that chose an arm."""
    calls: list[Mapping[str, Any]] = ctx.calls(conversation_id)
    for call in reversed(calls):
        result = call.get("result")
        if isinstance(result, Mapping) and "arm" in result and "propensity" in result:
            return call
    why = "has no pick" if calls else "is not known here"
    raise ToolError(f"the conversation {conversation_id!r} {why}: hand over the `conversation_id` of a `pick`")


class Outcome(TypedDict):
    arm: str
    reward: Reward
    context: NotRequired[str]


class Arm(TypedDict):
    pulls: int
    mean: float
    bound: float | None


class Stepped(TypedDict):
    status: Status
    details: str
    arms: dict[str, Arm]


@tool
def ucb_step(ctx: Context, batch: Annotated[list[Outcome], Field(min_length=1, max_length=1000)]) -> Stepped:
    """Takes rewards of arms that were tried elsewhere, and says how each arm stands by UCB1.

    Args:
        batch: what was tried and what it earned; all of it counts, or nothing
    """
    learned = ctx.staging["bandit"]
    if learned["policy"] in bandit.LINEAR:
        raise ToolError(f"the policy is {learned['policy']!r}, which learns from features: reward picks instead")
    for outcome in batch:
        context = outcome.get("context", "")
        learned = bandit.rewarded(learned, context, outcome["arm"], outcome["reward"], ctx.pack, ctx.unpack)
    ctx.staging["bandit"] = learned
    bounds = ucb1.bounds(learned)
    standing: dict[str, Arm] = {
        name: {
            "pulls": arm["pulls"],
            "mean": round(ucb1.mean(arm), 6),
            "bound": round(bounds[name], 6) if arm["pulls"] else None,
        }
        for name, arm in learned["arms"].items()
    }
    first = max(bounds, key=lambda name: bounds[name])
    return {"status": "success", "details": f"{len(batch)} reward(s) counted; {first} is next", "arms": standing}


class PolicyValue(TypedDict):
    status: Status
    details: str
    gain: float
    low: float
    high: float
    confidence: float
    decisions: int


@tool(annotations={"readOnlyHint": True})
def policy_value(
    ctx: Context,
    tool: Annotated[str, Field(min_length=1, max_length=64)] = "pick",
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000,
    confidence: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95,
) -> PolicyValue:
    """How much more the staged bandit would earn a pick than the active one, told from picks that were rewarded.

    Args:
        tool: whose picks
        limit: how many of the newest; those whose context only one of the two takes are left out
        confidence: how surely the gain lies between low and high
    """
    decisions: list[offpolicy.Decision] = []
    base: list[dict[str, float]] = []
    staged, active = ctx.staging["bandit"], ctx.state["bandit"]

    @cache
    def chances(is_staged: bool, context: str | tuple[float, ...]) -> dict[str, float]:
        return bandit.chances(staged if is_staged else active, context, ctx.unpack)

    for call in ctx.logged(tool, limit=limit):
        context, picked = call["arguments"].get("context", ""), call["result"]
        if not (bandit.takes(staged, context) and bandit.takes(active, context)):
            continue
        key = context if isinstance(context, str) else tuple(context)
        name = context if isinstance(context, str) else ""
        mine = chances(True, key)
        decisions.append(offpolicy.Decision(picked["arm"], picked["propensity"], call["reward"], mine, name))
        base.append(chances(False, key))
    try:
        found = offpolicy.gain(decisions, base, confidence)
    except ValueError as error:
        low, high = bandit.rewards_of(staged)
        nothing: PolicyValue = {
            "status": "failure", "details": str(error), "gain": 0.0, "low": low - high, "high": high - low,
            "confidence": confidence, "decisions": len(decisions),
        }  # fmt: skip
        return nothing
    gain, low, high = (round(found[key], 9) for key in ("value", "low", "high"))
    told = f"a pick earns {gain:+.4g} ({low:+.4g} to {high:+.4g}) with the staged state, by {len(decisions)} decisions"
    return {
        "status": "success", "details": told, "gain": gain, "low": low, "high": high, "confidence": confidence,
        "decisions": len(decisions),
    }  # fmt: skip
