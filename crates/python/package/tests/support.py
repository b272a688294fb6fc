"""What the tests share: loading a version from source, and a host that remembers what it was told."""

from __future__ import annotations

import asyncio
import json
import textwrap
import unittest
from collections.abc import Awaitable, Callable
from typing import Any

from luthier import _host

HEAD = """\
from __future__ import annotations
import dataclasses, datetime, decimal, enum, math, pathlib, typing, uuid
from dataclasses import dataclass, field
from typing import *
from luthier import *
"""


class Call:
    """The host's side of one call."""

    def __init__(self, state: Any = None, session: dict[str, Any] | None = None, seed: int = 7) -> None:
        self.state = state
        self.session = session
        self.conversation_id = "conversation"
        self.version = "1.2.3"
        self.revision = 4
        self.traceparent: str | None = None
        self.seed = seed
        self.deadline: float | None = None
        self.client: bytes | None = None
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.is_given_up = False
        self.tools: Callable[[str, bytes], bytes] = lambda name, arguments: arguments

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None:
        json.dumps(header, allow_nan=False).encode()
        self.told.append((kind, header))

    def is_cancelled(self) -> bool:
        return self.is_given_up

    def call_tool(self, name: str, arguments: bytes) -> bytes:
        return self.tools(name, arguments)


async def _finished(answer: Awaitable[bytes]) -> bytes:
    return await answer


class VersionTest(unittest.TestCase):
    """Loads versions and retires them when the test ends."""

    maxDiff = None

    def load(self, source: str = "", *, head: str = HEAD, **files: bytes | str) -> _host.Code:
        """A version with one module, `tools/runner/m.py`, and more files: `lib_words_py=…`."""
        return self.load_files({"tools/runner/m.py": head + textwrap.dedent(source), **files})

    def load_files(self, files: dict[str, Any], code: str = "0123456789abcdef") -> _host.Code:
        bodies = {path: body.encode() if isinstance(body, str) else body for path, body in files.items()}
        loaded = _host.load("1.2.3", code, bodies, [])
        self.addCleanup(loaded.close)
        return loaded

    def problem(self, files: dict[str, Any] | str, *, head: str = "") -> dict[str, Any]:
        """Why a version does not load."""
        if isinstance(files, str):
            files = {"tools/runner/m.py": head + textwrap.dedent(files)}
        with self.assertRaises(_host.LoadFailed) as caught:
            self.load_files(files)
        return caught.exception.problem

    def manifest(self, code: _host.Code) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(code.manifest())
        return manifest

    def tool(self, code: _host.Code, name: str = "f") -> dict[str, Any]:
        return next(tool for tool in self.manifest(code)["tools"] if tool["name"] == name)

    def call(
        self, code: _host.Code, name: str = "f", info: Call | None = None, /, kind: str = "tool", **arguments: Any
    ) -> Any:
        """Calls, waits if need be, and reads the answer."""
        answer = _host.call(code, kind, name, json.dumps(arguments).encode(), info or Call())
        if not isinstance(answer, bytes):
            answer = asyncio.run(_finished(answer))
        return json.loads(answer)

    def refusal(self, code: _host.Code, name: str = "f", /, **arguments: Any) -> _host.ToolError:
        """The ToolError of a call."""
        with self.assertRaises(_host.ToolError) as caught:
            self.call(code, name, **arguments)
        return caught.exception
