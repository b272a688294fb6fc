"""Remembers between calls."""
# session: {}
# arguments: {"fact": "it rains"}
# value: ["it rains"]
# arguments: {"fact": "it is late"}
# value: ["it rains", "it is late"]

from luthier import Context, tool


@tool(stateful=True)
def run(fact: str, ctx: Context) -> list[str]:
    """All facts that were told so far."""
    facts = ctx.session.setdefault("facts", [])
    facts.append(fact)
    return list(facts)
