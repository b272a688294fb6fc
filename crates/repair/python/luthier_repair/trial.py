"""What is done in a forked child: tests are run, candidates are tried, and each answer is told at once."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from . import judge, steps
from .cases import Outcome, attempt
from .inputs import Recorder
from .program import Invalid, Program
from .properties import Properties, given

# Lines are noted of at most so many steps of one test.
LINES_EVENTS_MAX = 100_000
# A test that needs more steps than most do is given so many times as many; some are, and not all.
LONGER = 10
LONGER_MAX = 2
# Beside what the process has: a candidate that builds a list without end meets this.
MEMORY_SLACK_BYTES = 1 << 30
# What a function that is called for its value has no need of, and a broken one does without end.
REFUSED = frozenset(
    {"os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "subprocess.Popen", "os.kill", "os.killpg"}
)
# What a test that does not end when it is told to is left, before its process is ended.
GRACE_SECONDS = 1.0
# Attempts that fail this many failing tests and come nearer with none are not worth the others.
PATIENCE = 3
# Of those that mend some, what breaks so many more beside them is not run to its end.
BROKEN_BESIDE = 3
# Told between tests, no more often than this, so that one candidate of many slow tests is not taken to hang.
SIGN = b"."
SIGN_SECONDS = 0.05


class OutOfTime(BaseException):
    """Raised by the clock, where no step is counted."""


def _out_of_time(signal_number: int, frame: Any) -> None:
    raise OutOfTime


def _refuse(event: str, arguments: Any) -> None:
    if event in REFUSED:
        raise PermissionError(f"`{event}` is not done while a repair is looked for")


def hold(starts_programs: bool) -> None:
    """The bounds of a child, behind those of each test."""
    gc.disable()
    # Whatever it starts ends with it.
    os.setsid()
    if not starts_programs:
        sys.addaudithook(_refuse)
    bound_time()
    bound_memory()
    sys.setrecursionlimit(1_000)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    sys.stdout = sys.stderr = open(os.devnull, "w")


def bound_time() -> None:
    """What happens at the end of the time that is set by `wind`."""
    signal.signal(signal.SIGVTALRM, _out_of_time)
    # Where nothing can be raised, as in one long multiplication, the kernel ends the process.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)


def bound_memory() -> None:
    with contextlib.suppress(ValueError, OSError):
        pages = int(open("/proc/self/statm").read().split()[0])
        most = pages * resource.getpagesize() + MEMORY_SLACK_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def wind(seconds: float, grace: float | None = None) -> None:
    """Sets both clocks, of this process's own time."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds + (min(seconds, GRACE_SECONDS) if grace is None else grace))


def run(tests: Any, place: int, steps_max: int, seconds: float) -> Outcome:
    """One test within its bounds."""
    steps.COUNTER.allow(steps_max)
    own = os.getpid()
    try:
        try:
            wind(seconds)
            return tests.run(place)
        finally:
            wind(0.0)
            if os.getpid() != own:
                # A copy that the program made of this process, and that came back.
                os._exit(0)
    except (OutOfTime, steps.OutOfSteps):
        return Outcome("T", 0.0, "T", "it takes longer than it may")
    except MemoryError:
        return Outcome("E", 0.0, "MemoryError", "it takes more memory than it may")
    except RecursionError:
        return Outcome("E", 0.0, "RecursionError", "it calls itself without end")


class Pipe:
    """To the process that waits for what is told."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._wrote = time.monotonic()

    def tell(self, answer: Any) -> None:
        # Half of a surrogate pair is no text to whoever listens.
        self._write(json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))

    def live(self) -> None:
        """Something has come to its end, and there is nothing yet to be told."""
        if time.monotonic() - self._wrote > SIGN_SECONDS:
            self._write(SIGN)

    def _write(self, line: bytes) -> None:
        data = line + b"\n"
        while data:
            data = data[os.write(self._number, data) :]
        self._wrote = time.monotonic()


def baseline(program: Program, tests: Any, order: dict[str, Any], pipe: Pipe) -> None:
    """Each test once as it is, and if so wanted once more with the lines noted that run and the calls recorded."""
    names = tests.names()
    longer = LONGER_MAX
    for place in range(order["from"], len(names)):
        program.refresh()
        began, began_wall = time.process_time(), time.monotonic()
        outcome = run(tests, place, order["steps_max"], order["seconds"])
        if outcome.letter == "T" and longer and steps.COUNTER.left < 0:
            longer -= 1
            program.refresh()
            pipe.live()
            outcome = run(tests, place, LONGER * order["steps_max"], order["seconds"])
        taken, cpu, wall = steps.COUNTER.taken(), time.process_time() - began, time.monotonic() - began_wall
        again = outcome
        if outcome.letter != "T":
            program.refresh()
            pipe.live()
            again = run(tests, place, LONGER * order["steps_max"], order["seconds"])
        answer = {
            "name": names[place],
            "letter": outcome.letter,
            "again": again.letter,
            "near": outcome.near,
            "message": outcome.message,
            "apart": judge.apart(*outcome.pair) if outcome.pair else [],
            "steps": taken,
            "seconds": cpu,
            "wall": wall,
        }
        pipe.tell({"test": place, **answer})
    if not order["watch"]:
        return
    files = {module.__file__: path for path, module in program.modules.items() if module.__file__}
    recorder = Recorder(files, program)
    for place in range(max(order["from"] - len(names), 0), len(names)):
        program.refresh()
        # One that ended its process would do so again.
        if place not in order["dead"]:
            with recorder.watching(LINES_EVENTS_MAX):
                run(tests, place, order["steps_max"], order["seconds"])
        lines, arcs = recorder.lines()
        pipe.tell({"lines": place, "files": lines, "arcs": arcs, "calls": recorder.take_calls()})


def ended(place: int, name: str, seconds: float) -> dict[str, Any]:
    """What is told of a test that ended its process."""
    message = "it ends the process, or takes for ever"
    told = {"name": name, "letter": "T", "again": "T", "near": 0.0, "message": message, "steps": 0}
    return {"test": place, **told, "seconds": seconds, "wall": seconds}


def attempts(program: Program, tests: Any, order: dict[str, Any], pipe: Pipe) -> None:
    """Tries each candidate: failing tests first, and all others only if one of those is better than it was."""
    order["skipped"] = frozenset(order["skipped"])
    for number, candidate in _numbered(order):
        try:
            _put(program, candidate)
            pipe.tell([number, *_one(program, tests, order, pipe)])
        except Invalid:
            pipe.tell([number, "", 0.0, ""])
        finally:
            program.restore()


def _numbered(order: dict[str, Any]) -> Iterator[tuple[int, Any]]:
    candidates = order["candidates"]
    return ((number, candidates[number]) for number in range(order["from"], len(candidates)))


def _put(program: Program, candidate: list[list[str]]) -> None:
    for path, unit, text in candidate:
        program.put(path, unit, text)


def _one(program: Program, tests: Any, order: dict[str, Any], pipe: Pipe) -> tuple[str, float, str]:
    bounds, near, seconds = order["steps"], order["near"], order["seconds"]
    letters: list[str] = []
    total, gained, fixed, broken = 0.0, 0, 0, 0
    seen = hashlib.blake2b(digest_size=8)
    for count, place in enumerate(order["failing"]):
        if count == PATIENCE and not gained:
            break
        outcome = run(tests, place, bounds[place], seconds)
        program.refresh()
        pipe.live()
        letters.append(outcome.letter)
        total += outcome.near
        fixed += outcome.letter == "P"
        seen.update(outcome.value.encode("utf-8", "replace") + b"\0")
        gained += outcome.letter == "P" or outcome.near > near[place] + 1e-6
    if gained:
        for place in order["passing"]:
            letter = run(tests, place, bounds[place], seconds).letter
            program.refresh()
            pipe.live()
            if letter == "S" and place in order["skipped"]:
                letter = "P"
            letters.append(letter)
            broken += letter != "P"
            # One that breaks more than it mends is no step on a way, whatever the rest says.
            if broken > (fixed + BROKEN_BESIDE if fixed else 0):
                break
    return "".join(letters), round(total, 4), seen.hexdigest()


def calls(program: Program, tests: Any, order: dict[str, Any], pipe: Pipe) -> None:
    """What each candidate gives for calls whose right answer nobody knows."""
    module = program.modules[order["path"]]
    usual = Properties(tests.examples())
    for number, candidate in _numbered(order):
        values, broken = [], 0
        try:
            _put(program, candidate)
            for name, arguments in order["calls"]:
                steps.COUNTER.allow(order["steps"])
                wind(order["seconds"])
                try:
                    outcome = _generated(tests, module, name, arguments)
                    values.append(("!" if outcome.letter == "E" else "=") + outcome.value)
                    if outcome.pair is not None:
                        broken += usual.are_broken(name, given(json.loads(arguments)), outcome.pair[0])
                except (OutOfTime, steps.OutOfSteps, MemoryError, RecursionError):
                    values.append("T")
                finally:
                    wind(0.0)
                program.refresh()
                pipe.live()
        except Invalid:
            values = []
        finally:
            program.restore()
        pipe.tell([number, values, broken])


def _generated(tests: Any, module: Any, name: str, arguments: str) -> Outcome:
    own = getattr(tests, "generated", None)
    return attempt(module, name, arguments, None, "-") if own is None else own(name, arguments)


DEEDS = {"baseline": baseline, "attempts": attempts, "calls": calls}


def main(program: Program, tests: Any, order: dict[str, Any], pipe: int) -> None:
    """The whole life of a child."""
    hold(tests.starts_programs)
    told = Pipe(pipe)
    DEEDS[order["do"]](program, tests, order, told)
    told.tell("done")
