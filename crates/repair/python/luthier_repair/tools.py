"""Tests that call tools of a workspace, as its host calls them."""

from __future__ import annotations

import asyncio
import inspect
import json
import random
from typing import Any

from . import judge, properties, steps
from .cases import MESSAGE_CHARS_MAX, VALUE_CHARS_MAX, Outcome
from .program import Program


class Info:
    """What a call is told of itself. Nothing outside can be reached."""

    conversation_id = "repair"
    version = "0.0.0"
    revision = 0
    traceparent = None
    deadline = None
    client = None

    def __init__(self, state: Any, seed: int) -> None:
        self.state = state
        self.seed = seed
        self.session: dict[str, Any] = {}

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None:
        return None

    def is_cancelled(self) -> bool:
        return False

    def call_tool(self, name: str, arguments: bytes) -> Any:
        raise RuntimeError(f"`{name}` is not called while a repair is looked for")


class Tools:
    """Lines of `{"tool", "args", "state"?, "seed"?}` with `expect` or `raises`."""

    starts_programs = False

    def __init__(self, host: Any, code: Any, program: Program, state: Any, cases: list[dict[str, Any]]) -> None:
        self._host = host
        self._code = code
        self._program = program
        self._cases = cases
        self._bodies = [json.dumps(case["args"]).encode() for case in cases]
        self._states: dict[tuple[int, int], Any] = {}
        program.state = state
        self._names = [f"{case['tool']}({json.dumps(case['args'], ensure_ascii=False)})" for case in cases]
        # A child that is forked finds them made.
        for place in range(len(cases)):
            self._state(place)

    def names(self) -> list[str]:
        return self._names

    def examples(self) -> list[tuple[str, list[Any], Any]]:
        """What each tool is given and gives, where that is all that a case asks."""
        cases = (case for case in self._cases if "expect" in case)
        return [(case["tool"], properties.given(case["args"]), case["expect"]) for case in cases]

    def run(self, place: int) -> Outcome:
        case = self._cases[place]
        return self.call(case["tool"], self._bodies[place], self._state(place), case)

    def _state(self, place: int) -> Any:
        """The document, with what the case sets in it."""
        key = (place, id(self._program.state))
        if key not in self._states:
            if len(self._states) > 10_000:
                self._states.clear()
            merged = _merged(self._program.state, self._cases[place].get("state"))
            # The document itself is kept, so that its place in memory is nobody else's.
            self._states[key] = (self._host.parse_state(json.dumps(merged).encode()), self._program.state)
        return self._states[key][0]

    def generated(self, name: str, arguments: str) -> Outcome:
        """A call that no case makes."""
        state = self._host.parse_state(json.dumps(self._program.state).encode())
        return self.call(name, arguments.encode(), state, {"raises": "-"})

    def call(self, name: str, body: bytes, state: Any, case: dict[str, Any]) -> Outcome:
        seed = case.get("seed", 0)
        random.seed(seed)
        try:
            answer = self._host.call(self._code, "tool", name, body, Info(state, seed))
            if inspect.isawaitable(answer):
                answer = asyncio.run(_whole(answer))
            value = json.loads(answer)
        except steps.OutOfSteps:
            return Outcome("T", 0.0, "T", "it takes more steps than it may")
        except (Exception, SystemExit) as error:
            return _refused(error, case)
        shown = json.dumps(value, ensure_ascii=False)[:VALUE_CHARS_MAX]
        if "raises" in case:
            return Outcome("F", 0.2, shown, f"it gave {shown} and should refuse", (value, None))
        if judge.same(value, case["expect"]):
            return Outcome("P", 1.0, shown, "")
        near = judge.nearness(value, case["expect"])
        told = f"it gave {shown}, not {case['expect']!r}"[:MESSAGE_CHARS_MAX]
        return Outcome("F", near, shown, told, (value, case["expect"]))


async def _whole(answer: Any) -> Any:
    return await answer


def _merged(state: Any, patch: Any) -> Any:
    """As RFC 7396 merges."""
    if not isinstance(patch, dict):
        return state if patch is None else patch
    merged = dict(state) if isinstance(state, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _merged(merged.get(key, {}), value)
        else:
            merged[key] = value
    return merged


def _refused(error: BaseException, case: dict[str, Any]) -> Outcome:
    told = f"{type(error).__name__}: {error}"[:MESSAGE_CHARS_MAX]
    wanted = case.get("raises")
    if wanted is not None and wanted != "-" and type(error).__name__ == "ToolError" and wanted in str(error):
        return Outcome("P", 1.0, told, "")
    return Outcome("E", 0.3 if wanted else 0.0, told[:VALUE_CHARS_MAX], f"it raised {told}")
