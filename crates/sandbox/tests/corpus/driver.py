"""A host that trusts what it runs: loads one attack and calls it when it is told to.

It speaks the frames of `crates/python/src/frame.rs` over one socket, in the plainest way there is. What
it says itself carries a token, so that whoever listens can tell it from what an attack has written.
"""

from __future__ import annotations

import json
import mmap
import os
import select
import socket
import struct
import sys
from pathlib import Path
from typing import Any

import luthier._host

CALL = 4
READY, LOADED, LOAD_FAILED, ANSWER, RAISED, LOG, PROGRESS = 32, 33, 34, 35, 36, 39, 40
KINDS = {"LOG": LOG, "PROGRESS": PROGRESS, "ANSWER": ANSWER, "LOADED": LOADED, "RAISED": RAISED}

# Attacks look for this: what a careless harness keeps beside the code that it tests.
CASES: dict[str, Any] = {"expected": "forty-two", "arguments": {}}


class Info:
    """What the package is told of a call."""

    conversation_id, version, revision, traceparent, seed, client = "corpus", "0.0.0", 1, None, 7, None
    deadline: float | None = None

    def __init__(self, host: Host, call: int) -> None:
        self.host, self.call = host, call
        self.state = luthier._host.parse_state(b"{}")
        self.session: dict[str, Any] = {}

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None:
        self.host.say(KINDS[kind], self.call, header, body)

    def is_cancelled(self) -> bool:
        return False

    def call_tool(self, name: str, arguments: bytes) -> bytes:
        return b'"whatever you like"'


class Host:
    def __init__(self, channel: socket.socket, token: str) -> None:
        self.channel, self.token = channel, token
        self.runner: Any = None

    def say(self, kind: int, call: int, header: dict[str, Any], body: bytes = b"") -> None:
        head = json.dumps(header).encode()
        rest = struct.pack("<BQI", kind, call, len(head)) + head + body
        left = memoryview(struct.pack("<I", len(rest)) + rest)
        while left:
            try:
                left = left[self.channel.send(left) :]
            except BlockingIOError:
                select.select([], [self.channel], [])

    def say_own(self, kind: int, call: int, body: bytes = b"", **header: Any) -> None:
        self.say(kind, call, {**header, "token": self.token}, body)

    def hear(self, length: int) -> bytes | None:
        heard = b""
        while len(heard) < length:
            select.select([self.channel], [], [])
            try:
                more = self.channel.recv(length - len(heard))
            except BlockingIOError:
                continue
            if not more:
                return None
            heard += more
        return heard

    def next_call(self) -> tuple[int, bytes] | None:
        prefix = self.hear(17)
        if prefix is None:
            return None
        length, _, call, header = struct.unpack("<IBQI", prefix)
        body = self.hear(length - 13)
        return None if body is None else (call, body[header:])

    def load(self, name: str, source: bytes) -> luthier._host.Code | None:
        try:
            code = sys.modules["luthier._host"].load(
                name, "corpus0123456789", {f"tools/runner/{name}.py": source}
            )
        except luthier._host.LoadFailed as failed:
            self.say_own(LOAD_FAILED, 1, message=str(failed))
            return None
        self.say_own(LOADED, 1, code.manifest(), number=1)
        return code

    def wait(self, answer: Any) -> bytes:
        if self.runner is None:
            import asyncio

            self.runner = asyncio.Runner()
        body: bytes = self.runner.run(_finished(answer))
        return body

    def serve(self, code: luthier._host.Code, call: int, arguments: bytes) -> None:
        expected = CASES["expected"]
        info = Info(self, call)
        try:
            answer = sys.modules["luthier._host"].call(code, "tool", "attack", arguments, info)
            if not isinstance(answer, bytes):
                answer = self.wait(answer)
            is_expected = answer == json.dumps(expected).encode()
        except Exception as error:
            traceback = luthier._host.format_exception(error)
            told = {"type": type(error).__name__, "message": str(error), "traceback": traceback}
            self.say_own(RAISED, call, **told, data=getattr(error, "data", None))
            return
        sys.stdout.flush()
        session = json.dumps(info.session).encode()
        self.say_own(ANSWER, call, answer + session, session_bytes=len(session), is_expected=is_expected)


async def _finished(answer: Any) -> bytes:
    body: bytes = await answer
    return body


def main() -> None:
    orders = json.loads(os.environ.pop("CORPUS_ORDERS"))
    shared = mmap.mmap(orders["shared"], mmap.PAGESIZE)
    host = Host(socket.socket(fileno=orders["channel"]), orders["token"])
    source = Path(orders["path"]).read_bytes()
    host.say_own(READY, 0)
    code = host.load(orders["name"], source)
    while code is not None and (work := host.next_call()) is not None:
        call, arguments = work
        if orders["is_fresh"] and call > 2:
            # As a harness without any sandbox has it: the same process, loaded again.
            code = host.load(orders["name"], source)
        if code is not None:
            host.serve(code, call, arguments)
    if code is not None:
        code.close()
    shared.close()


if __name__ == "__main__":
    main()
