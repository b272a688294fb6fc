"""Which lines of a version's own functions run in a call, and which could.

Modules and the bodies of classes run when a version is loaded, so they say nothing of what its
calls do: only lines of functions count, and not the one with their `def`.
"""

from __future__ import annotations

import inspect
import json
import opcode
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from types import CodeType, FrameType, TracebackType
from typing import Any

from ._modules import compiled
from ._traceback import is_own

FOLDER = "tools/"

Run = Callable[[bytes, Any], bytes | Awaitable[bytes]]
Trace = Callable[[FrameType, str, Any], Any]

_RESUME = opcode.opmap["RESUME"]
# Functions only in the eyes of the interpreter: they run with what they are written in.
_PARTS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
# What Python makes of the annotations of a function since 3.14; it stands in the line of the `def`.
_ANNOTATIONS = "__annotate__"

# Whose lines are noted: of a task on an event loop, each its own.
_noting: ContextVar[Lines | None] = ContextVar("luthier_lines", default=None)
# Calls that are noted now, the innermost last: threads that they start do not have their context.
_running: list[Lines] = []


class Lines:
    """Notes what runs while it is entered, in the threads that are started meanwhile too."""

    def __init__(self) -> None:
        self.found: dict[str, set[int]] = {}

    def __enter__(self) -> Lines:
        self._token = _noting.set(self)
        _running.append(self)
        sys.settrace(_trace)
        threading.settrace(_trace)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _running.remove(self)
        if not _running:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
        _noting.reset(self._token)

    def json(self) -> bytes:
        """By file, in order."""
        return json.dumps({path: sorted(self.found[path]) for path in sorted(self.found)}).encode()


def call(run: Run, arguments: bytes, info: Any) -> bytes | Awaitable[bytes]:
    """Calls what a version serves, and tells which lines ran, however it ends."""
    lines = Lines()
    try:
        with lines:
            value = run(arguments, info)
    except BaseException:
        _tell(lines, info)
        raise
    if isinstance(value, bytes):
        _tell(lines, info)
        return value
    return _awaited(value, lines, info)


async def _awaited(value: Awaitable[bytes], lines: Lines, info: Any) -> bytes:
    try:
        with lines:
            return await value
    finally:
        _tell(lines, info)


def _tell(lines: Lines, info: Any) -> None:
    info.emit("coverage", {}, lines.json())


def _trace(frame: FrameType, event: str, argument: Any) -> Trace | None:
    """Called when a function begins, or goes on."""
    code = frame.f_code
    if not _is_function(code) or not code.co_filename.startswith(FOLDER) or not is_own(frame):
        return None
    lines = _noting.get() or _of_thread()
    if lines is None:
        return None
    found = lines.found.setdefault(code.co_filename, set())

    def note(frame: FrameType, event: str, argument: Any) -> Trace:
        if event == "line":
            found.add(frame.f_lineno)
        return note

    return note


def _of_thread() -> Lines | None:
    """What a thread that a tool started belongs to: the call that began last."""
    is_main = threading.get_ident() == threading.main_thread().ident
    return None if is_main or not _running else _running[-1]


def _is_function(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and code.co_name != _ANNOTATIONS


def executable(files: Mapping[str, bytes]) -> dict[str, list[int]]:
    """The lines that calls could run, by file."""
    found: dict[str, list[int]] = {}
    for path, body in sorted(files.items()):
        if path.startswith(FOLDER) and path.endswith(".py"):
            try:
                module = compiled(path, body)
            except (SyntaxError, ValueError):
                continue  # nothing can import it
            found[path] = sorted(set(_lines_of(module)))
    return found


def _lines_of(outer: CodeType) -> Iterator[int]:
    for code in outer.co_consts:
        if isinstance(code, CodeType):
            is_part = code.co_name in _PARTS and not _is_function(outer)
            if _is_function(code) and not is_part:
                yield from _own_lines(code)
            if not is_part:
                yield from _lines_of(code)


def _own_lines(code: CodeType) -> Iterator[int]:
    """Those after the point where a function begins, before which it only makes itself ready."""
    begins = _begins(code.co_code)
    for _, end, line in code.co_lines():
        if line is not None and end > begins:
            yield line


def _begins(bytecode: bytes) -> int:
    for at in range(0, len(bytecode), 2):
        if bytecode[at] == _RESUME and bytecode[at + 1] == 0:
            return at + 2
    return 0
