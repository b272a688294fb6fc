"""Choices that get better by tuning: each reads its numbers from the state, and only a Tuner writes them.

`pick` is a bandit, `rank_phrasings` is ranked by preferences, `recommend` follows mined rules, `predict` has
learned from outcomes. Two more are tuned by numbers alone: `search_handbook` and `summarise`.
"""

import math
from typing import Annotated, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import arms, bandit, regression

Name = Annotated[str, Field(max_length=100)]
# Beyond, squares of them would overflow sooner or later.
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=256)]
Limit = Annotated[int, Field(ge=1, le=100, description="how many at most")]


class Pick(TypedDict):
    arm: str
    propensity: float


@tool(annotations={"readOnlyHint": True})
def pick(ctx: Context, context: Name | Numbers = "") -> Pick:
    """Picks how to answer somebody: which style has served such people best, and now and then another.

    Tell how it went with a reward for the conversation. The propensity is the chance that this arm had.

    Args:
        context: who is asking, such as `beginner`; one that is not known counts as anybody. A linear policy takes
            numbers that describe the case instead
    """
    chances = bandit.chances(ctx.state["bandit"], context, lambda ref: ctx.unpack(ref))
    arm, propensity = arms.draw(chances, ctx.rng)
    return {"arm": arm, "propensity": propensity}


class Phrasing(TypedDict):
    text: str
    score: float
    beats_next: float | None


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def rank_phrasings(ctx: Context, limit: Limit = 3, name: str = "there") -> list[Phrasing]:
    """The openings that people like best, each with its chance to be preferred to the next one.

    Args:
        name: whom to address
    """
    items, scores = ctx.state["preferences"]["items"], ctx.state["preferences"]["scores"]
    if len(items) != len(scores):
        raise ToolError(f"the state has {len(items)} phrasings and {len(scores)} scores: fit them again")
    ranked = sorted(zip(items, scores, strict=True), key=lambda pair: (-pair[1], pair[0]))
    made: list[Phrasing] = []
    for place, (text, score) in enumerate(ranked[: min(limit, ctx.state["limits"]["results_max"])]):
        following = ranked[place + 1][1] if place + 1 < len(ranked) else None
        chance = None if following is None else round(1 / (1 + math.exp(following - score)), 4)
        made.append({"text": text.replace("{name}", name), "score": score, "beats_next": chance})
    return made


class Advice(TypedDict):
    item: str
    confidence: float
    because: list[str]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def recommend(
    basket: Annotated[list[str], Field(min_length=1, max_length=200)], ctx: Context, limit: Limit = 3
) -> list[Advice]:
    """What goes with what somebody has: things that others had together with these.

    Args:
        basket: what is there already, such as the tools or articles used
    """
    have = {item.casefold() for item in basket}
    best: dict[str, tuple[float, float, list[str]]] = {}
    for rule in ctx.state["rules"]:
        if not all(item.casefold() in have for item in rule["if"]):
            continue
        for item in rule["then"]:
            offer = (rule["confidence"], rule["lift"], list(rule["if"]))
            if item.casefold() not in have and offer[:2] > best.get(item, (-1.0, 0.0, []))[:2]:
                best[item] = offer
    ranked = sorted(best.items(), key=lambda found: (-found[1][0], -found[1][1], found[0]))
    limit = min(limit, ctx.state["limits"]["results_max"])
    return [
        {"item": item, "confidence": confidence, "because": because}
        for item, (confidence, _, because) in ranked[:limit]
    ]


class Prediction(TypedDict):
    value: float
    answer: bool | None


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def predict(
    features: Annotated[dict[str, Number], Field(min_length=1, max_length=100)], ctx: Context
) -> Prediction:
    """What to expect of a case, as cases like it came out: a number, or the chance of yes and the answer to give.

    Args:
        features: what is known of the case, by name
    """
    learned = ctx.state.get("regression")
    if learned is None:
        raise ToolError("nothing was learned yet: the Tuner's `learn_outcomes` does that")
    value = regression.predict(learned, features)
    answer = regression.says_yes(learned, features) if learned["kind"] == "logistic" else None
    return {"value": round(value, 6), "answer": answer}
