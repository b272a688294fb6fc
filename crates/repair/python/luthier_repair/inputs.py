"""Which lines a test runs, and with what the program's functions are called."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .program import Program

CALLS_OF_A_FUNCTION_MAX = 40
CALL_CHARS_MAX = 4_000


class Recorder:
    """A trace of the files of a program."""

    def __init__(self, files: dict[str, str], program: Program) -> None:
        self._files = files
        self._functions = {
            (path, name)
            for path, module in program.modules.items()
            for name, value in module.__dict__.items()
            if callable(value) and not isinstance(value, type)
        }
        self._told: set[tuple[str, str, str]] = set()
        self._lines: dict[str, set[int]] = {}
        self._arcs: dict[str, set[tuple[int, int]]] = {}
        self._calls: dict[tuple[str, str], dict[str, None]] = {}
        self._left = 0

    @contextlib.contextmanager
    def watching(self, events_max: int) -> Iterator[None]:
        self._lines, self._arcs, self._left = {}, {}, events_max
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def lines(self) -> tuple[dict[str, list[int]], dict[str, list[tuple[int, int]]]]:
        """Of each file the lines that ran, and from which line to which it went."""
        return (
            {file: sorted(lines) for file, lines in self._lines.items()},
            {file: sorted(arcs) for file, arcs in self._arcs.items()},
        )

    def take_calls(self) -> list[tuple[str, str, str]]:
        """Calls with arguments that are plain, that were not told before: file, function, JSON of its arguments."""
        calls = [(path, name, call) for (path, name), calls in self._calls.items() for call in calls]
        fresh = [call for call in calls if call not in self._told]
        self._told.update(fresh)
        return fresh

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        path = self._files.get(frame.f_code.co_filename)
        if path is None:
            return None
        self._note_call(path, frame)
        lines, arcs = self._lines.setdefault(path, set()), self._arcs.setdefault(path, set())
        last = frame.f_lineno

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            self._left -= 1
            if self._left < 0:
                sys.settrace(None)
                return None
            if event == "line":
                arcs.add((last, frame.f_lineno))
                last = frame.f_lineno
                lines.add(last)
            return line

        return line

    def _note_call(self, path: str, frame: FrameType) -> None:
        code = frame.f_code
        key = (path, code.co_name)
        if key not in self._functions or code.co_flags & 0x0C:
            return
        known = self._calls.setdefault(key, {})
        if len(known) >= CALLS_OF_A_FUNCTION_MAX:
            return
        names = code.co_varnames[: code.co_argcount]
        try:
            written = json.dumps([[frame.f_locals[name] for name in names], {}], allow_nan=False)
        except (TypeError, ValueError, KeyError, RecursionError):
            return
        if len(written) <= CALL_CHARS_MAX:
            known[written] = None
