"""Calls other tools at the same time."""
# arguments: {"places": ["x", "y"]}
# value: ["clear", "grey"]
# nested: {"tool": "weather", "arguments": {"place": "x"}, "answer": {"sky": "clear"}}
# nested: {"tool": "weather", "arguments": {"place": "y"}, "answer": {"sky": "grey"}}

import asyncio

from luthier import Context, tool


@tool
async def run(places: list[str], ctx: Context) -> list[str]:
    """The sky over each place."""
    answers = await asyncio.gather(*(ctx.call_async("weather", {"place": place}) for place in places))
    return [answer["sky"] for answer in answers]
