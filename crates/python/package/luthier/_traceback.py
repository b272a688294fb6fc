"""Tracebacks as authors want them: their own lines, with their own source."""

from __future__ import annotations

import linecache
import traceback
from traceback import StackSummary, TracebackException, walk_tb
from types import FrameType
from typing import Any

from ._modules import Source

CHAIN_MAX = 16


def format_exception(error: BaseException) -> str:
    """The traceback of an exception, and of those that led to it, less every frame of the host."""
    remember_sources(error)
    told = TracebackException.from_exception(error)
    _trim(told, error, 0)
    return "".join(told.format())


def _trim(told: TracebackException, error: BaseException, depth: int) -> None:
    told.stack = _own(told.stack, error)
    if depth == CHAIN_MAX:
        return
    for inner, cause in ((told.__cause__, error.__cause__), (told.__context__, error.__context__)):
        if inner is not None and cause is not None:
            _trim(inner, cause, depth + 1)
    members = getattr(told, "exceptions", None)
    if members and isinstance(error, BaseExceptionGroup):
        for inner, cause in zip(members, error.exceptions, strict=False):
            _trim(inner, cause, depth + 1)


def _own(stack: StackSummary, error: BaseException) -> StackSummary:
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    if len(frames) != len(stack):
        return stack
    summaries = list(stack)
    own = [summary for frame, summary in zip(frames, summaries, strict=True) if is_own(frame)]
    if not own:
        own = [summary for summary in summaries if "luthier/_" not in summary.filename]
    return StackSummary.from_list(own)


def is_own(frame: FrameType) -> bool:
    """Is it a frame of an author's code?"""
    return isinstance(frame.f_globals.get("__loader__"), Source)


def remember_sources(error: BaseException) -> None:
    """Shows each author's file to `linecache` as it is in the version that failed."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain and len(seen) < CHAIN_MAX:
        current = chain.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        for frame, _ in walk_tb(current.__traceback__):
            loader = frame.f_globals.get("__loader__")
            if isinstance(loader, Source):
                show_source(frame.f_code.co_filename, loader)
        chain += [current.__cause__, current.__context__]
        chain += list(getattr(current, "exceptions", ()))


def show_source(path: str, source: Source) -> None:
    """Puts a file into `linecache`."""
    text = source.get_source("")
    linecache.cache[path] = (source.size, None, text.splitlines(keepends=True), path)


def place(error: BaseException) -> dict[str, Any]:
    """The last place in an author's code that an exception came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return {"file": error.filename, "line": error.lineno, "column": error.offset}
    found: dict[str, Any] = {}
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_own(frame):
            found = {"file": frame.f_code.co_filename, "line": line}
    if found:
        column = _column(error, found["file"])
        if column is not None:
            found["column"] = column
    return found


def _column(error: BaseException, file: str) -> int | None:
    """Where in its line, counted from 1; interpreters may leave it out."""
    for summary in reversed(TracebackException.from_exception(error).stack):
        if summary.filename == file:
            column = getattr(summary, "colno", None)
            return None if column is None else column + 1
    return None
