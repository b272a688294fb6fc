"""Reads the state document."""
# state: {"greetings": {"de": "Hallo", "fr": "Salut"}, "limits": [1, 2]}
# arguments: {"language": "de"}
# value: ["Hallo", 2]
# arguments: {"language": "xx"}
# value: ["Hello", 2]

from luthier import Context, tool


@tool
def run(language: str, ctx: Context) -> list[str | int]:
    """A greeting out of the state."""
    return [ctx.state["greetings"].get(language, "Hello"), len(ctx.state["limits"])]
