"""What a Python client must find at a Runner: the checks of checks.txt, for any client's adapter.

An adapter is a class with the methods that are called on `client` below; `sdk.py` and
`fastmcp_client.py` have one each.
"""

import argparse
import asyncio
import json
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ERAS = ("2025-11-25", "2026-07-28")
TRANSPORTS = ("http", "stdio")
CHECK_S_MAX = 30
PAGES_MAX = 10
NAMES = [line.split()[0] for line in Path(__file__).with_name("checks.txt").read_text().splitlines()]


@dataclass
class Runner:
    """Where the Runner is that is checked."""

    url: str
    command: str
    workspace: str

    @property
    def arguments(self) -> list[str]:
        """Of a server that the client starts."""
        return ["--workspace", self.workspace, "mcp", "runner"]

    def luthier(self, *arguments: str) -> None:
        command = [self.command, "--workspace", self.workspace, *arguments]
        subprocess.run(command, check=True, capture_output=True)


@dataclass
class Called:
    """The result of a tool, whatever the client makes of it."""

    content: list[Any]
    structured: dict[str, Any] | None
    is_error: bool
    meta: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.content[0].text)


Connect = Callable[[], AbstractAsyncContextManager[Any]]
Check = Callable[[Any, Connect, Runner], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


def equal(found: Any, wanted: Any) -> None:
    assert found == wanted, f"found {found!r}, wanted {wanted!r}"


def has(text: str, *wanted: str) -> None:
    for part in wanted:
        assert part in text, f"found {text!r}, wanted {part!r} in it"


@check
async def era(client: Any, connect: Connect, runner: Runner) -> None:
    equal(client.spoken, client.era)
    equal(client.server_name, "luthier")


@check
async def pages(client: Any, connect: Connect, runner: Runner) -> None:
    names, count = await all_tools(client)
    assert count > 1, "everything came in one page"
    equal(len(names), len(set(names)))
    assert {"find_tools", "divide", "zz_filler_0", "zz_filler_499"} <= set(names)


async def all_tools(client: Any) -> tuple[list[str], int]:
    names, cursor = await client.page(None)
    for count in range(1, PAGES_MAX):
        if cursor is None:
            return names, count
        more, cursor = await client.page(cursor)
        names += more
    raise AssertionError(f"there are more than {PAGES_MAX} pages")


@check
async def structured(client: Any, connect: Connect, runner: Runner) -> None:
    called = await client.call("divide", {"a": 7, "b": 2})

    conversation = called.meta["conversation_id"]
    equal(called.is_error, False)
    equal(called.structured, {"quotient": 3, "remainder": 1, "conversation_id": conversation})
    equal(json.loads(called.text), {"quotient": 3, "remainder": 1})
    equal(called.meta["logs_uri"], f"logs://{conversation}")


@check
async def wrong_arguments(client: Any, connect: Connect, runner: Runner) -> None:
    called = await client.call("divide", {"a": "seven"})

    equal(called.is_error, True)
    has(called.text, "do not fit", "/a", '"b"')


@check
async def tool_error(client: Any, connect: Connect, runner: Runner) -> None:
    called = await client.call("divide", {"a": 7, "b": 0})

    equal((called.is_error, called.text), (True, "b must not be 0"))
    equal(called.meta["data"], {"b": 0})


@check
async def unknown_tool(client: Any, connect: Connect, runner: Runner) -> None:
    try:
        await client.call("divid", {})
    except Exception as refused:  # The class has moved between versions of the clients.
        has(str(refused), "did you mean `divide`")
    else:
        raise AssertionError("a tool that is not there was called")


@check
async def contents(client: Any, connect: Connect, runner: Runner) -> None:
    called = await client.call("test_multiple_content_types", {})

    equal([part.type for part in called.content], ["text", "image", "resource"])
    equal(called.content[1].mime_type, "image/png")
    equal(called.content[2].resource.text, '{"test":"data","value":123}')


@check
async def built_in(client: Any, connect: Connect, runner: Runner) -> None:
    sessions = json.loads(await client.read("session://index?limit=5"))["sessions"]
    manifest = json.loads(await client.read("compat://manifest"))

    assert isinstance(sessions, list), sessions
    assert set(ERAS) <= set(manifest["protocol_versions"]), manifest["protocol_versions"]


@check
async def resource(client: Any, connect: Connect, runner: Runner) -> None:
    equal(await client.read("test://static-text"), "This is the content of the static text resource.")


@check
async def template(client: Any, connect: Connect, runner: Runner) -> None:
    read = json.loads(await client.read("test://template/9/data"))
    equal(read, {"id": "9", "templateTest": True, "data": "Data for ID: 9"})


@check
async def prompt(client: Any, connect: Connect, runner: Runner) -> None:
    text = await client.prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})
    equal(text, "Prompt with arguments: arg1='a', arg2='b'")


@check
async def completion(client: Any, connect: Connect, runner: Runner) -> None:
    equal(await client.complete("test_prompt_with_arguments", "arg1", "part"), ["party"])


@check
async def progress(client: Any, connect: Connect, runner: Runner) -> None:
    told: list[tuple[float, float | None]] = []

    async def tell(done: float, total: float | None, message: str | None) -> None:
        told.append((done, total))

    await client.call("test_tool_with_progress", {}, tell)

    equal(told, [(0, 100), (50, 100), (100, 100)])


@check
async def logging(client: Any, connect: Connect, runner: Runner) -> None:
    client.logged.clear()

    await client.call("test_tool_with_logging", {})

    wanted = ["Tool execution started", "Tool processing data", "Tool execution completed"]
    equal(client.logged, wanted)


@check
async def question(client: Any, connect: Connect, runner: Runner) -> None:
    equal((await client.call("test_input_required_result_elicitation", {})).text, "Hello, Ada!")


@check
async def cancellation(client: Any, connect: Connect, runner: Runner) -> None:
    marker = uuid.uuid4().hex
    began = asyncio.Event()

    async def tell(*_: Any) -> None:
        began.set()

    call = asyncio.create_task(client.call("wait", {"marker": marker}, tell))
    await began.wait()
    call.cancel()

    while f"stopped {marker}" not in await client.read("logs://recent"):
        pass


@check
async def conversation(client: Any, connect: Connect, runner: Runner) -> None:
    first = await client.call("remember", {"word": "one"})
    continued = {"word": "two", "conversation_id": first.meta["conversation_id"]}

    async with connect() as other:
        second = await other.call("remember", continued)
        index = await other.read("session://index")

    equal(second.structured["result"], ["one", "two"])
    has(index, first.meta["conversation_id"])


@check
async def list_changed(client: Any, connect: Connect, runner: Runner) -> None:
    async with client.watching() as heard:
        added = (await client.call("test_trigger_tool_change", {})).text
        if heard is not None:
            await heard("tools")
    while added not in (await all_tools(client))[0]:
        assert heard is None, "the change was told of before it could be seen"

    equal((await client.call(added, {})).text, added)


@check
async def promote(client: Any, connect: Connect, runner: Runner) -> None:
    greeting = uuid.uuid4().hex
    async with client.watching() as heard:
        runner.luthier("state", "patch", "staging", "--merge", json.dumps({"greeting": greeting}))
        runner.luthier("state", "promote")
        if heard is not None:
            await heard("state://active")
    while json.loads(await client.read("state://active")) != {"greeting": greeting}:
        assert heard is None, "the change was told of before it could be seen"

    equal((await client.call("greet", {})).text, greeting)


async def check_all(adapter: Any, runner: Runner, transport: str, era: str) -> None:
    equal(list(CHECKS), NAMES)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Any]:
        async with adapter.connect(runner, transport, era) as client:
            yield client

    async with connect() as client:
        for name, run in CHECKS.items():
            try:
                await asyncio.wait_for(run(client, connect, runner), CHECK_S_MAX)
            except Exception as error:
                raise RuntimeError(f"{adapter.NAME} over {transport}, {era}: {name}: {error!r}") from error
    print(f"{adapter.NAME}, {transport}, {era}: {len(CHECKS)} checks hold")


def main(adapter: Any) -> None:
    parser = argparse.ArgumentParser()
    for name in ("url", "command", "workspace"):
        parser.add_argument(name)
    runner = Runner(**vars(parser.parse_args()))
    for transport in TRANSPORTS:
        for era in ERAS:
            asyncio.run(check_all(adapter, runner, transport, era))
