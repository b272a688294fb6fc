"""The bench's cases as pytest runs them: one test a case, over a client of FastMCP in memory.

`BENCH_CASES` names the JSON Lines. One connection and one loop serve all of them, as fast as the
peer allows.
"""

import asyncio
import json
import os
from pathlib import Path

import pytest
from fastmcp import Client, FastMCP

from serve import echo, total

CASES = [json.loads(line) for line in Path(os.environ["BENCH_CASES"]).read_text().splitlines()]


@pytest.fixture(scope="session")
def call():
    server = FastMCP("bench")
    for function in (echo, total):
        server.tool(function)
    client = Client(server)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.__aenter__())
    yield lambda tool, args: loop.run_until_complete(client.call_tool(tool, args)).structured_content["result"]
    loop.run_until_complete(client.__aexit__(None, None, None))
    loop.close()


@pytest.mark.parametrize("case", CASES)
def test_case(case, call):
    assert call(case["tool"], case["args"]) == case["expect"]
