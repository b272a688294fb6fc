"""From which score on a message is urgent, learned from messages that people judged."""

from typing import Annotated, Any, Literal, TypedDict

from luthier import Context, Field, tool

from lib.urgency import SCORE_MAX, score


class Judged(TypedDict):
    message: Annotated[str, Field(max_length=100_000)]
    urgent: bool


class Tuned(TypedDict):
    status: Literal["success", "failure"]
    details: str
    threshold: int
    errors: int
    judged: int


@tool
def tune_threshold(
    ctx: Context, examples: Annotated[list[Judged], Field(min_length=1, max_length=1000)]
) -> Tuned:
    """Sets the threshold of `flag_urgent` to where it errs least on all messages that were judged so far.

    Args:
        examples: messages, each with what `flag_urgent` should have said
    """
    urgent = ctx.staging["urgent"]
    counts = urgent.setdefault("judged", {})
    for example in examples:
        reached, _ = score(example["message"], urgent["weights"])
        at = counts.setdefault(str(reached), {"urgent": 0, "other": 0})
        at["urgent" if example["urgent"] else "other"] += 1
    before = urgent["threshold"]
    # Of thresholds that err as seldom, the nearest one changes least for people.
    best = min(range(1, SCORE_MAX + 2), key=lambda at: (_errors(counts, at), abs(at - before), at))
    urgent["threshold"] = best
    errors = _errors(counts, best)
    judged = sum(at["urgent"] + at["other"] for at in counts.values())
    told = f"urgent from {best} on (it was {before}): {errors} of {judged} judged message(s) go wrong"
    return {"status": "success", "details": told, "threshold": best, "errors": errors, "judged": judged}


def _errors(counts: dict[str, Any], threshold: int) -> int:
    return sum(at["other" if int(reached) >= threshold else "urgent"] for reached, at in counts.items())
