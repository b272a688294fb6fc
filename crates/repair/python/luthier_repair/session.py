"""The process that stays: loads the program and its tests once, and forks a child for each order."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any, BinaryIO

from . import program as programs
from . import steps, trial
from .cases import Cases
from .program import LoadingTooLong, Program
from .suite import CollectionFailed, Suite
from .tools import Tools

# What the program and its tests may take while they are imported, of the time that is left.
LOAD_STEPS_MAX = 20_000_000
LOAD_SECONDS_MAX = 20.0
# And so long it may take where it waits, or the machine is busy.
LOAD_WAIT_SECONDS_MAX = 120.0
# A child that says nothing for so long, beside what a test may take, hangs where nothing can be raised.
SILENCE_SECONDS = 2.0


def main() -> None:
    """Reads orders, one JSON a line, until there are no more."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    session = None
    for line in orders:
        order = json.loads(line)
        if order["do"] == "load":
            session = _load(order, answers)
        elif order["do"] == "compose":
            # What it needs is not loaded for anything else.
            from .compose import compose

            _say(answers, compose(order))
        elif session is not None:
            session.carry_out(order)
        answers.flush()


def _say(answers: BinaryIO, answer: Any) -> None:
    written = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    answers.write(written.encode("utf-8", "replace") + b"\n")
    answers.flush()


def _load(order: dict[str, Any], answers: BinaryIO) -> Session | None:
    """The program and its tests, or why there are none."""
    steps.COUNTER.allow(LOAD_STEPS_MAX)
    for number in (signal.SIGALRM, signal.SIGVTALRM):
        signal.signal(number, _took_too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, min(LOAD_SECONDS_MAX, order["seconds_left"]))
    signal.setitimer(signal.ITIMER_REAL, min(LOAD_WAIT_SECONDS_MAX, order["seconds_left"]))
    try:
        session = Session(order, answers)
    except (steps.OutOfSteps, LoadingTooLong):
        _say(answers, {"failed": "it takes longer to import than it may", "about": "program"})
        return None
    except CollectionFailed as error:
        _say(answers, {"failed": str(error), "about": "tests"})
        return None
    except BaseException as error:
        told = "".join(traceback.format_exception_only(type(error), error)).strip()
        _say(answers, {"failed": told[-2000:], "about": "program"})
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    _say(answers, {"loaded": session.tests.names(), "python": sys.version.split()[0]})
    return session


def _tools(order: dict[str, Any]) -> tuple[Program, Tools]:
    """A version of a workspace, loaded by the host that serves it."""
    from luthier import _host

    file = order["file"]
    files = {path: text.encode() for path, text in order["files"].items()}
    files[file] = order["text"].encode()
    code = _host.load("repair", "repair", files, order["packages"])
    module = programs.find_exactly(file)
    if module is None:
        raise ImportError(f"no tool imports {file}")
    program = Program({file: module})
    return program, Tools(_host, code, program, order["state"], order["cases"])


def _took_too_long(signal_number: int, frame: Any) -> None:
    raise LoadingTooLong


def _end(child: int) -> None:
    """The child, and all that it has started and that has not left its group."""
    for end, of in ((os.killpg, child), (os.kill, child)):
        try:
            end(of, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    os.waitpid(child, 0)


class Session:
    """One program with its tests."""

    def __init__(self, order: dict[str, Any], answers: BinaryIO) -> None:
        self._answers = answers
        sys.dont_write_bytecode = True
        sys.path[:0] = order["paths"]
        programs.count_steps()
        # Without a text it is what is on the disk.
        file, text = order["file"], order["text"]
        if order["kind"] == "pytest":
            if text is not None:
                programs.override(file, text)
            suite = Suite(order["root"], order["arguments"])
            if order["instead_of"] is not None and programs.find(order["instead_of"]) is not None:
                raise CollectionFailed(f"the tests import {order['instead_of']} wherever they are")
            module = programs.find(file) or programs.load(order["module"], file, text)
            self.program, self.tests = Program({file: module}), suite
        elif order["kind"] == "tools":
            self.program, self.tests = _tools(order)
        else:
            module = programs.load(order["module"], file, text)
            self.program = Program({file: module})
            self.tests = Cases(self.program, file, order["cases"])
        gc.collect()
        gc.freeze()

    def carry_out(self, order: dict[str, Any]) -> None:
        """Has children do it; one that hangs or dies is blamed on what it was at, and the rest goes on."""
        order["from"], order["dead"] = 0, []
        tests = len(self.tests.names())
        count = tests * (1 + order["watch"]) if order["do"] == "baseline" else len(order["candidates"])
        until = time.monotonic() + order["seconds_left"]
        # At the end of the time that is left, what was not tried is not told of.
        while order["from"] < count and time.monotonic() < until:
            done, is_over = self._fork(order, until)
            if is_over:
                break
            if done < count and time.monotonic() < until:
                _say(self._answers, self._blame(order, done, tests))
            order["from"] = done + 1
        _say(self._answers, "done")

    def _blame(self, order: dict[str, Any], done: int, tests: int) -> Any:
        """What is told of that at which a child ended."""
        if order["do"] == "attempts":
            return [done, "", 0.0, ""]
        if order["do"] == "calls":
            return [done, [], 0]
        if done < tests:
            order["dead"].append(done)
            return trial.ended(done, self.tests.names()[done], order["seconds"])
        return {"lines": done - tests, "files": {}, "arcs": {}, "calls": []}

    def _fork(self, order: dict[str, Any], until: float) -> tuple[int, bool]:
        """One child: the number of the candidate that it was at, and whether it came to the end."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            try:
                trial.main(self.program, self.tests, order, writing)
            except BaseException:
                os.write(2, traceback.format_exc().encode())
                os._exit(1)
            os._exit(0)
        os.close(writing)
        try:
            return self._listen(reading, order, until)
        finally:
            os.close(reading)
            _end(child)

    def _listen(self, reading: int, order: dict[str, Any], last: float) -> tuple[int, bool]:
        at, rest = order["from"], b""
        silence = SILENCE_SECONDS + 2 * order["seconds"] + order["wall"]
        until = min(time.monotonic() + silence, last)
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([reading], [], [], left)[0]:
                return at, False
            data = os.read(reading, 1 << 16)
            if not data:
                return at, False
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line == b'"done"':
                    return at, True
                if line == trial.SIGN:
                    continue
                at += 1
                self._answers.write(line + b"\n")
            until = min(time.monotonic() + silence, last)


if __name__ == "__main__":
    main()
