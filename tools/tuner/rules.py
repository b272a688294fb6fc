"""What goes with what, mined from what people had together."""

from typing import Annotated, Literal, TypedDict

from luthier import Context, Field, ToolError, tool

from lib.tuning import rules

TRANSACTIONS_MAX = 100_000
Item = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Rule = TypedDict(
    "Rule", {"if": list[str], "then": list[str], "support": float, "confidence": float, "lift": float}
)


class Mined(TypedDict):
    status: Literal["success", "failure"]
    details: str
    rules: list[Rule]


@tool
def rules_mine(
    ctx: Context,
    transactions: Annotated[
        list[Annotated[list[Item], Field(max_length=1000)]], Field(min_length=1, max_length=TRANSACTIONS_MAX)
    ],
    min_support: Annotated[float, Field(gt=0, le=1)] = 0.05,
    min_confidence: Share = 0.5,
    max_length: Annotated[int, Field(ge=2, le=8)] = 3,
) -> Mined:
    """Finds which items go together, and recommends by that. The rules that were there give way.

    Args:
        transactions: items that somebody had together, such as the tools used in a conversation
        min_support: in which share of all transactions the items of a rule occur, at least
        min_confidence: in which share of those with `if` there is `then`, at least
        max_length: how many items a rule has, both sides counted
    """
    try:
        found = rules.mine(transactions, min_support, min_confidence, max_length)
    except rules.TooMany as error:
        raise ToolError(str(error)) from None
    ctx.staging["rules"] = found
    told = f"{len(found)} rule(s) hold in {len(transactions)} transactions"
    return {"status": "success", "details": told, "rules": found}
