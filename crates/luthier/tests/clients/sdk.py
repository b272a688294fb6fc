"""The official Python SDK against a Runner: `sdk.py URL LUTHIER WORKSPACE`. It speaks both eras."""

import asyncio
import os
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import mcp_types as types
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated, ToolsListChanged

import checks

NAME = f"Python SDK {version('mcp')}"
# `auto` asks with `server/discover` which era it is to be.
MODES = {"2025-11-25": "legacy", "2026-07-28": "auto"}
STATE = "state://active"

# What the newest protocol deprecates is what the older one has.
warnings.simplefilter("ignore")


class Adapter:
    """One connection."""

    def __init__(self, era: str) -> None:
        self.era = era
        self.logged: list[Any] = []
        self.changes: asyncio.Queue[str] = asyncio.Queue()
        self.client: Client

    @property
    def spoken(self) -> str:
        return self.client.protocol_version

    @property
    def server_name(self) -> str | None:
        return self.client.server_info and self.client.server_info.name

    async def page(self, cursor: str | None) -> tuple[list[str], str | None]:
        page = await self.client.list_tools(cursor=cursor)
        return [tool.name for tool in page.tools], page.next_cursor

    async def call(self, name: str, arguments: dict[str, Any], tell: Any = None) -> checks.Called:
        result = await self.client.call_tool(name, arguments, progress_callback=tell)
        return checks.Called(result.content, result.structured_content, result.is_error, result.meta or {})

    async def read(self, uri: str) -> str:
        return (await self.client.read_resource(uri)).contents[0].text

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        return (await self.client.get_prompt(name, arguments)).messages[0].content.text

    async def complete(self, prompt: str, argument: str, typed: str) -> list[str]:
        reference = types.PromptReference(type="ref/prompt", name=prompt)
        found = await self.client.complete(reference, {"name": argument, "value": typed})
        return found.completion.values

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Any]:
        """Hears of changes: by listening, or in the older era by a subscription."""
        if self.era == "2025-11-25":
            await self.client.subscribe_resource(STATE)
            yield self.heard
            await self.client.unsubscribe_resource(STATE)
            return
        async with self.client.listen(tools_list_changed=True, resource_subscriptions=[STATE]) as events:

            async def heard(wanted: str) -> None:
                async for event in events:
                    if wanted == name_of(event):
                        return

            yield heard

    async def heard(self, wanted: str) -> None:
        while await self.changes.get() != wanted:
            pass

    # What the server sends of itself.

    async def on_log(self, params: Any) -> None:
        self.logged.append(params.data)

    async def on_message(self, message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self.changes.put_nowait("tools")
        elif isinstance(message, types.ResourceUpdatedNotification):
            self.changes.put_nowait(str(message.params.uri))

    async def on_question(self, context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"name": "Ada"})


def name_of(event: Any) -> str:
    if isinstance(event, ToolsListChanged):
        return "tools"
    return event.uri if isinstance(event, ResourceUpdated) else ""


@asynccontextmanager
async def connect(runner: checks.Runner, transport: str, era: str) -> AsyncIterator[Adapter]:
    adapter = Adapter(era)
    started = StdioServerParameters(command=runner.command, args=runner.arguments, env=dict(os.environ))
    client = Client(
        runner.url if transport == "http" else started,
        mode=MODES[era],
        logging_callback=adapter.on_log,
        log_level="info",
        message_handler=adapter.on_message,
        elicitation_callback=adapter.on_question,
    )
    async with client:
        adapter.client = client
        yield adapter


if __name__ == "__main__":
    checks.main(sys.modules[__name__])
