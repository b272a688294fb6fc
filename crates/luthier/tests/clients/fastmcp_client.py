"""FastMCP's client against a Runner: `fastmcp_client.py URL LUTHIER WORKSPACE`.

It speaks both eras, but cannot listen for changes in the newer one, so there it has to look.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import mcp_types as types
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

import checks

NAME = f"FastMCP {version('fastmcp')}"
MODES = {"2025-11-25": "legacy", "2026-07-28": "auto"}
STATE = "state://active"


class Adapter:
    """One connection."""

    def __init__(self, era: str) -> None:
        self.era = era
        self.logged: list[Any] = []
        self.changes: asyncio.Queue[str] = asyncio.Queue()
        self.client: Client[Any]

    @property
    def spoken(self) -> str | None:
        return self.client.protocol_version

    @property
    def server_name(self) -> str | None:
        return self.client.server_info and self.client.server_info.name

    async def page(self, cursor: str | None) -> tuple[list[str], str | None]:
        page = await self.client.list_tools_mcp(cursor=cursor)
        return [tool.name for tool in page.tools], page.next_cursor

    async def call(self, name: str, arguments: dict[str, Any], tell: Any = None) -> checks.Called:
        result = await self.client.call_tool(name, arguments, progress_handler=tell, raise_on_error=False)
        return checks.Called(result.content, result.structured_content, result.is_error, result.meta or {})

    async def read(self, uri: str) -> str:
        return (await self.client.read_resource(uri))[0].text

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        return (await self.client.get_prompt(name, arguments)).messages[0].content.text

    async def complete(self, prompt: str, argument: str, typed: str) -> list[str]:
        reference = types.PromptReference(type="ref/prompt", name=prompt)
        return (await self.client.complete(reference, {"name": argument, "value": typed})).values

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Any]:
        assert not hasattr(self.client, "listen"), "it can listen now: let it"
        if self.era != "2025-11-25":
            yield None
            return
        await self.client.session.subscribe_resource(STATE)
        yield self.heard
        await self.client.session.unsubscribe_resource(STATE)

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

    async def on_question(self, message: str, kind: Any, params: Any, context: Any) -> dict[str, str]:
        return {"name": "Ada"}


@asynccontextmanager
async def connect(runner: checks.Runner, transport: str, era: str) -> AsyncIterator[Adapter]:
    adapter = Adapter(era)
    started = StdioTransport(runner.command, runner.arguments, env=dict(os.environ), keep_alive=False)
    client = Client(
        StreamableHttpTransport(runner.url) if transport == "http" else started,
        mode=MODES[era],
        log_handler=adapter.on_log,
        message_handler=adapter.on_message,
        elicitation_handler=adapter.on_question,
    )
    async with client:
        adapter.client = client
        yield adapter


if __name__ == "__main__":
    checks.main(sys.modules[__name__])
