"""What the worker process calls. Values cross as the JSON bytes that came off the wire.

`load` a version, `parse_state` a document, `call` by name; `format_exception` tells an author what
went wrong. Authors import `luthier` instead; nothing here is for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from . import _coverage, _state
from ._ask import Asked
from ._code import MODULE_FOLDER, Code, LoadFailed, Run
from ._code import load as _load
from ._context import CallInfo
from ._errors import ToolError
from ._traceback import format_exception

__all__ = [
    "Asked", "CallInfo", "Code", "LoadFailed", "ToolError", "call", "call_noted", "format_exception",
    "load", "parse_state",
]  # fmt: skip


def load(
    label: str,
    code: str,
    files: Mapping[str, bytes],
    paths: Sequence[str] = (),
    folder: str = MODULE_FOLDER,
) -> Code:
    """Loads a version: executes each module of `folder`; raises `LoadFailed`.

    `code` is the hash of the files, which names the version's modules while they live. `paths` are
    folders of third-party packages.
    """
    return _load(label, code, files, paths, folder)


def parse_state(body: bytes) -> Any:
    """A state document, read-only."""
    return _state.parse(body)


def call(
    code: Code, kind: str, name: str, arguments: bytes, info: CallInfo
) -> bytes | Awaitable[bytes]:
    """Calls what a version serves, and returns its value as JSON; of `async def` a coroutine.

    `name` is the tool's or the prompt's name, a resource's URI or template, and of a completion
    `OF#ARGUMENT`. `arguments` is a JSON object: a tool's or a prompt's arguments, `{"uri"}` for a
    resource, `{"value", "context"?}` for a completion. A `script` is `PATH:FUNCTION` of the version's
    files, with a JSON array of arguments; `about` `lines` says which lines calls could run. Raises `ToolError` for what the caller can
    act on, `Asked` when the client has to answer first, and whatever the author's code raises.
    """
    return _find(code, kind, name)(arguments, info)


def call_noted(
    code: Code, kind: str, name: str, arguments: bytes, info: CallInfo
) -> bytes | Awaitable[bytes]:
    """As `call`, several times slower: emits `coverage` with the lines that ran, however it ends."""
    return _coverage.call(_find(code, kind, name), arguments, info)


def _find(code: Code, kind: str, name: str) -> Run:
    run = code.runs[kind].get(name)
    if run is None:
        raise ToolError(f"this version has no {kind} `{name}`")
    return run
