"""Calls another tool."""
# arguments: {"names": ["ada", "bo"]}
# value: {"ada": 36, "bo": 41}
# nested: {"tool": "age", "arguments": {"name": "ada"}, "answer": 36}
# nested: {"tool": "age", "arguments": {"name": "bo"}, "answer": 41}

from luthier import Context, tool


@tool
def run(names: list[str], ctx: Context) -> dict[str, int]:
    """The age of each, as another tool knows it."""
    return {name: ctx.call("age", {"name": name}) for name in names}
