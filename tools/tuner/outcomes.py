"""What became of cases, for predicting the next ones."""

from typing import Annotated, Literal, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import regression

# Beyond, squares of them would overflow sooner or later.
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Features = Annotated[dict[str, Number], Field(min_length=1, max_length=100)]


class Example(TypedDict):
    features: Features
    outcome: Number


class Learned(TypedDict):
    status: Literal["success", "failure"]
    details: str
    examples: int
    threshold: float | None


@tool
def learn_outcomes(
    ctx: Context,
    batch: Annotated[list[Example], Field(min_length=1, max_length=1000)],
    kind: Literal["logistic", "linear"] = "logistic",
    precision_min: Annotated[float, Field(ge=0, le=1)] | None = None,
) -> Learned:
    """Learns from how cases came out what to expect of the next ones, and from when on to answer yes.

    Args:
        batch: cases with their outcomes: 0 or 1, or any number if the kind is linear; all of it counts, or nothing
        kind: `logistic` for yes and no, `linear` for numbers; another kind than before begins anew
        precision_min: how often a yes must be right; left out, the threshold errs as seldom as can be
    """
    learned = ctx.staging.get("regression")
    if learned is not None and learned["version"] != regression.VERSION:
        raise ToolError(
            f"the regression is of version {learned['version']} and this code learns version {regression.VERSION}:"
            " remove it from the staged state, and learn anew"
        )
    if learned is None or learned["kind"] != kind:
        learned = regression.begin(kind)
    if kind == "logistic":
        learned = {**learned, "precision_min": precision_min}
    for place, example in enumerate(batch):
        try:
            learned = regression.update(learned, dict(example))
        except ValueError as error:
            raise ToolError(f"example {place}: {error}") from None
    ctx.staging["regression"] = learned
    count, threshold = learned["examples"], learned.get("threshold")
    told = f"{count} example(s) learned"
    if threshold is not None:
        told += f", yes from {threshold:g} on"
    return {"status": "success", "details": told, "examples": count, "threshold": threshold}
