"""One of several wordings: which one, a Tuner can learn."""

from typing import Any, TypedDict

from luthier import Context, tool

# A chance is told to nine digits.
DIGITS = 9


class Pick(TypedDict):
    variant: str
    text: str
    propensity: float


@tool(annotations={"readOnlyHint": True})
def pick_variant(ctx: Context) -> Pick:
    """Picks a wording: the one that has earned most, and now and then another.

    As long as nothing was learned each is as likely. The propensity is the chance that this one had.
    """
    arms = ctx.state["variants"]["arms"]
    chances = _chances(arms, ctx.state["variants"]["epsilon"])
    name = ctx.rng.choices(list(chances), weights=list(chances.values()))[0]
    return {"variant": name, "text": arms[name]["text"], "propensity": round(chances[name], DIGITS)}


def _chances(arms: Any, epsilon: float) -> dict[str, float]:
    """The best arms share what exploring leaves; exploring takes `epsilon`, the same of each."""
    # By name: the order of a document's members means nothing.
    means = {
        name: arm.get("reward_sum", 0) / max(1, arm.get("pulls", 0)) for name, arm in sorted(arms.items())
    }
    best = max(means.values())
    leaders = sum(mean == best for mean in means.values())
    return {
        name: epsilon / len(means) + (mean == best) * (1 - epsilon) / leaders for name, mean in means.items()
    }
