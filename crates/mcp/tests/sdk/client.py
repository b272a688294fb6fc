"""The official Python SDK against the conformance example, in every way it can connect."""

import asyncio
import sys

import mcp_types as types
from mcp.client.client import Client

MODES = ["legacy", "2026-07-28", "auto"]


async def elicited(context, params):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


async def converse(url: str, mode: str) -> None:
    told = []

    async def progressed(progress, total, message):
        told.append((progress, total))

    async with Client(url, mode=mode, elicitation_callback=elicited) as client:
        listed = await client.list_tools()
        names = [tool.name for tool in listed.tools]
        assert names[:2] == ["find_tools", "call_tool"], names

        result = await client.call_tool("test_simple_text", {})
        assert result.content[0].text == "This is a simple text response for testing."

        await client.call_tool("test_tool_with_progress", {}, progress_callback=progressed)
        assert told == [(0, 100), (50, 100), (100, 100)], told

        result = await client.call_tool("test_error_handling", {})
        assert result.is_error, result

        result = await client.call_tool("test_input_required_result_elicitation", {})
        assert result.content[0].text == "Hello, Ada!", result

        result = await client.call_tool("find_tools", {"query": "sound"})
        assert result.structured_content["tools"][0]["name"] == "test_audio_content"

        read = await client.read_resource("test://template/9/data")
        assert '"id":"9"' in read.contents[0].text, read

        prompt = await client.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
        assert prompt.messages[0].content.text == "Prompt with arguments: arg1='a', arg2='b'"

        try:
            await client.call_tool("test_simple_tex", {})
        except Exception as refused:  # The SDK's own class has moved between its versions.
            assert "did you mean `test_simple_text`" in str(refused), refused
        else:
            raise AssertionError("a tool that is not there was called")
    print(f"{mode}: ok")


for mode in MODES:
    asyncio.run(asyncio.wait_for(converse(sys.argv[1], mode), timeout=60))
