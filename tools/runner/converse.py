"""A conversation that remembers: facts told in one turn answer the questions of a later one."""

import re
from typing import Annotated, Any, TypedDict

from lib.words import fold
from luthier import Context, Field, ToolError, tool

FACTS_MAX = 200
_ARTICLE = re.compile(r"^(?:the|a|an|my|our)\s+")
_TOLD = re.compile(r"(?P<about>[^?]{1,80}?)\s+(?:is|are|was|were|=)\s+(?P<fact>[^?]{1,400}?)[.!]*$", re.I)
_ASKED = re.compile(r"(?:what|who|where|when)(?:'s|\s+is|\s+are|\s+was|\s+were)\s+(?P<about>.+?)\s*\?*$", re.I)
_FORGET = re.compile(r"forget\s+(?P<about>.+?)[.!]*$", re.I)


class Turn(TypedDict):
    reply: str
    turn: int
    facts: int


@tool(stateful=True)
def converse(message: Annotated[str, Field(min_length=1, max_length=2000)], ctx: Context) -> Turn:
    """Keeps facts for the rest of the conversation and answers from them.

    Understood are `X is Y`, `what is X?`, `forget X` and `list`.

    Args:
        message: one sentence
    """
    session = ctx.session
    facts: dict[str, Any] = session.setdefault("facts", {})
    session["turns"] = session.get("turns", 0) + 1
    reply = _reply(" ".join(message.split()), facts)
    if session["turns"] == 1:
        reply = f"{ctx.state['greeting']}! {reply}"
    ctx.log.info("answered", turn=session["turns"], facts=len(facts))
    return {"reply": reply, "turn": session["turns"], "facts": len(facts)}


def _reply(message: str, facts: dict[str, Any]) -> str:
    if fold(message).strip(" .!?") in ("list", "what do you know"):
        return "; ".join(f"{fact['name']}: {fact['value']}" for fact in facts.values()) or "Nothing yet."
    if forget := _FORGET.fullmatch(message):
        gone = facts.pop(_key(forget["about"]), None)
        return "Forgotten." if gone else f"I know nothing of {forget['about']}."
    if asked := _ASKED.fullmatch(message):
        fact = facts.get(_key(asked["about"]))
        return f"{fact['value']}." if fact else f"You have not told me about {asked['about']}."
    if told := _TOLD.fullmatch(message):
        return _learn(told["about"], told["fact"], facts)
    return "Tell me something as `X is Y`, or ask `what is X?`."


def _learn(about: str, value: str, facts: dict[str, Any]) -> str:
    key = _key(about)
    if key not in facts and len(facts) >= FACTS_MAX:
        raise ToolError(f"this conversation holds {FACTS_MAX} facts: forget one first")
    before = facts.get(key)
    facts[key] = {"name": about, "value": value}
    if before and before["value"] != value:
        return f"Noted; it was {before['value']} before."
    return "Noted."


def _key(about: str) -> str:
    return _ARTICLE.sub("", fold(about).strip(" ?.!"))
