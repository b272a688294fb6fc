"""What people liked better, as scores."""

from typing import Annotated, Literal, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import preferences

PAIRS_MAX = 100_000
# What the schema of the state allows.
SCORE_MAX = 100
Pair = Annotated[list[int], Field(min_length=2, max_length=2)]


class Fitted(TypedDict):
    status: Literal["success", "failure"]
    details: str
    scores: list[float]


@tool
def pref_fit(
    ctx: Context,
    pairs: Annotated[list[Pair], Field(max_length=PAIRS_MAX)],
    n_items: Annotated[int, Field(ge=2, le=preferences.ITEMS_MAX)],
    l2: Annotated[float, Field(ge=1e-6, le=1000)] = preferences.L2,
) -> Fitted:
    """Scores items by which of two was preferred (Bradley and Terry). The order of pairs means nothing.

    A score above another by 1 is preferred 73 times of 100, by 2 88 times. The mean is 0.

    Args:
        pairs: `[winner, loser]`, items counted from 0
        n_items: how many items there are; as many as the state has phrasings, and their scores are replaced
        l2: how strongly scores are held near 0, which keeps what never lost finite
    """
    try:
        wins = preferences.count(pairs, n_items)
    except ValueError as error:
        raise ToolError(str(error)) from None
    scores = preferences.fit(wins, n_items, l2)
    if max(map(abs, scores)) > SCORE_MAX:
        raise ToolError(f"scores go beyond {SCORE_MAX}, as too many items never lost or never won: raise `l2`")
    staged = ctx.staging["preferences"]
    staged["fit"] = {"n_items": n_items, "l2": l2, "pairs": len(pairs), "scores": scores}
    told = f"{n_items} items were scored by {len(pairs)} pairs"
    if n_items == len(staged["items"]):
        staged["scores"] = scores
        return {"status": "success", "details": told, "scores": scores}
    told += f"; the state has {len(staged['items'])} phrasings, whose scores stay as they are"
    return {"status": "success", "details": told, "scores": scores}
