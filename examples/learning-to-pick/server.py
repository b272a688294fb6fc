"""A Luthier that serves one workspace, and a client of its tools over MCP: the standard library alone."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

PROTOCOL = "2026-07-28"
START_S_MAX = 60
ANSWER_S_MAX = 120

Json = dict[str, Any]


class Refused(Exception):
    """A tool said no, and why."""


class Server:
    """A process of `luthier up`, from `with` to the end of it."""

    def __init__(self, luthier: Path, workspace: Path, **settings: object) -> None:
        """Settings are those of luthier.toml, with `__` for a dot: `tuner__promote_every=50`."""
        self._command = [str(luthier), "--workspace", str(workspace), "up", "--port", "0", "--json"]
        self._log = workspace.parent / f"{workspace.name}.log"
        named = {f"LUTHIER_{name.replace('__', '_').upper()}": str(value) for name, value in settings.items()}
        self._environment = {**os.environ, **named}
        self._process: subprocess.Popen[str] | None = None
        self._connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._end(signal.SIGTERM)

    def start(self) -> None:
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment
            )
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], START_S_MAX)
        line = self._process.stdout.readline() if readable else ""
        if not line:
            self._end(signal.SIGKILL)
            raise SystemExit(f"the server did not start: {self._log.read_text()}")
        address = urlsplit(json.loads(line)["url"])
        assert address.hostname is not None
        self._connection = HTTPConnection(address.hostname, address.port, timeout=ANSWER_S_MAX)

    def kill(self) -> None:
        """As a power cut would, as far as a process can tell."""
        self._end(signal.SIGKILL)

    def call(self, role: str, tool: str, **arguments: object) -> Json:
        """Calls a tool at `active/tuner` or `staging/runner`: what it answers, or why it would not."""
        result = self.ask(role, "tools/call", name=tool, arguments=arguments)
        if result["isError"]:
            raise Refused(result["content"][0]["text"])
        answer: Json = result["structuredContent"]
        return answer

    def read(self, role: str, uri: str) -> Any:
        """What a resource of JSON says."""
        return json.loads(self.ask(role, "resources/read", uri=uri)["contents"][0]["text"])

    def ask(self, role: str, method: str, **params: object) -> Json:
        about = "io.modelcontextprotocol/"
        meta = {
            f"{about}protocolVersion": PROTOCOL,
            f"{about}clientInfo": {"name": "learning", "version": "1"},
            f"{about}clientCapabilities": {},
        }
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": PROTOCOL,
            "Mcp-Method": method,
        }
        if name := params.get("name", params.get("uri")):
            headers["Mcp-Name"] = str(name)
        told = self._sent("POST", f"/agent/{role}", json.dumps(message), headers)
        if "error" in told:
            raise Refused(told["error"]["message"])
        result: Json = told["result"]
        return result

    def get(self, path: str) -> Json:
        """What a REST path answers."""
        return self._sent("GET", path, None, {})

    def _sent(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Json:
        assert self._connection is not None
        self._connection.request(method, path, body, headers)
        answer: Json = json.loads(self._connection.getresponse().read())
        return answer

    def _end(self, how: signal.Signals) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate()
            self._process = None


def begin(luthier: Path, workspace: Path, template: str = "tuner") -> None:
    """Makes a workspace that knows nothing yet."""
    subprocess.run([luthier, "init", "--template", template, workspace], check=True, capture_output=True)
