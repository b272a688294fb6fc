"""The Python side of a cell: loads code and state and runs calls, as a worker does.

It is run once, while the component is made; every cell begins with what it left in memory.
"""

import gc
import io
import json
import linecache
import os
import sys

import luthier
from luthier import _host, _modules

import event_loop
import failure
import info
import stdlib
import warm
from failure import ResultTooLarge, dumps
from info import BODY_BYTES_MAX, CallInfo

# The kinds of frames, as in `frame.rs`.
_LOAD_CODE, _LOAD_STATE, _CALL, _DROP, _NESTED_CALL = 2, 3, 4, 5, 20
_LOADED, _LOAD_FAILED, _ANSWER, _RAISED, _MISSING = 33, 34, 35, 36, 38
_HELLO, _READY = 1, 32
_NOTHING = (0, b"", b"")
_OWN_FILES = {__file__, event_loop.__file__}


class _Cell:
    """What is loaded."""

    def __init__(self) -> None:
        self.codes: dict[int, _host.Code] = {}
        # A document, or why it cannot be read.
        self.states: dict[int, tuple[object, str | None]] = {}
        self.output_bytes_max = BODY_BYTES_MAX

    def hello(self, header: dict, body: bytes):
        """The first frame: what differs from cell to cell."""
        self.output_bytes_max = header["output_bytes_max"]
        # All cells begin with one memory, and it would draw the same numbers in each.
        sys.modules["random"].seed()
        return _READY, dumps({"python": sys.version}), b""

    def load_code(self, header: dict, body: bytes):
        try:
            code, manifest = self._load(header, body)
        except BaseException as error:
            error.__traceback__ = failure.beyond(error.__traceback__, _OWN_FILES)
            return _LOAD_FAILED, dumps(failure.load_problem(error)), b""
        self.codes[header["code"]] = code
        return _LOADED, dumps({"number": header["code"]}), manifest

    def _load(self, header: dict, body: bytes):
        files, at = {}, 0
        for path, length in header["files"]:
            if at + length > len(body):
                raise ValueError("the archive is shorter than its index")
            files[path] = body[at : at + length]
            at += length
        code = _host.load(header["label"], header["hash"], files, (), header["folder"])
        manifest = code.manifest()
        if len(manifest) > BODY_BYTES_MAX:
            code.close()
            raise ResultTooLarge(
                f"what the modules define is described in {len(manifest)} bytes and the limit is {BODY_BYTES_MAX}"
            )
        return code, manifest

    def load_state(self, header: dict, body: bytes):
        try:
            state = (_host.parse_state(body), None)
        except Exception as error:
            state = (None, f"the state document cannot be read: {type(error).__name__}: {error}")
        self.states[header["number"]] = state
        return _NOTHING

    def drop(self, header: dict, body: bytes):
        for number in header["codes"]:
            code = self.codes.pop(number, None)
            if code is not None:
                code.close()
        for number in header["states"]:
            self.states.pop(number, None)
        return _NOTHING

    def call(self, header: dict, body: bytes):
        code, state = self.codes.get(header["code"]), self.states.get(header["state"])
        if code is None or state is None:
            return _MISSING, b"null", b""
        document, problem = state
        if problem is not None:
            return _RAISED, failure.refused(problem), b""
        client_at = len(body) - min(header.get("client_bytes") or 0, len(body))
        client = body[client_at:] if header.get("client_bytes") is not None else None
        session_at = client_at - min(header.get("session_bytes") or 0, client_at)
        session = body[session_at:client_at] if header.get("session_bytes") is not None else None
        try:
            info = CallInfo(header, document, session, client)
            run = _host.call_noted if header.get("notes_lines") else _host.call
            value = run(code, header["kind"], header["name"], body[:session_at], info)
            if not isinstance(value, bytes):
                value = event_loop.run(value)
            return self._answer(info, value)
        except BaseException as error:
            # Where the host's own frames end, as in a worker, which has none.
            error.__traceback__ = failure.beyond(error.__traceback__, _OWN_FILES)
            return _RAISED, failure.raised(error), b""

    def _answer(self, info: CallInfo, value: bytes):
        session = info.changed_session()
        if session is None:
            self._check(len(value))
            return _ANSWER, b'{"us":0}', value
        self._check(len(value) + len(session))
        return _ANSWER, b'{"us":0,"session_bytes":%d}' % len(session), value + session

    def _check(self, length: int) -> None:
        if length > self.output_bytes_max:
            raise ResultTooLarge(
                f"the result is {length} bytes of JSON and the limit is {self.output_bytes_max}; return less,"
                " or a page of it, or the place where it lies"
            )


_cell = _Cell()
_ACTS = {
    _HELLO: _cell.hello,
    _LOAD_CODE: _cell.load_code,
    _LOAD_STATE: _cell.load_state,
    _CALL: _cell.call,
    _NESTED_CALL: _cell.call,
    _DROP: _cell.drop,
}


class WitWorld:
    """What the component exports."""

    def handle(self, kind: int, header: bytes, body: bytes):
        return _see_to(kind, header, body)


def _see_to(kind: int, header: bytes, body: bytes) -> tuple[int, bytes, bytes]:
    answer = _ACTS[kind](json.loads(header), body)
    _flush()
    return answer


def _flush() -> None:
    """A line that has not ended is told with the call that began it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # the tool has put something else there, or closed it


def _open_streams() -> None:
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        raw = io.FileIO(descriptor, "wb", closefd=False)
        raw.name = f"<{name}>"
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="replace", newline="\n", line_buffering=True
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _warm_up() -> None:
    real, info.host = info.host, lambda what, header, body: b"\0null"
    try:
        warm.up(_see_to)
    finally:
        info.host = real
    _modules._compiled.clear()
    linecache.clearcache()


luthier.Stopped = failure.Stopped
info.see_to = _see_to
stdlib.keep()
event_loop.install()
_open_streams()
_warm_up()
os.environ.clear()
sys.argv[:] = [""]
gc.collect()
gc.freeze()
