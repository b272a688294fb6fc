"""Tests that are calls and what they should give."""

from __future__ import annotations

import json
import random
from typing import Any, NamedTuple

from . import judge, properties, steps
from .program import Program

MESSAGE_CHARS_MAX = 400
VALUE_CHARS_MAX = 400


class Outcome(NamedTuple):
    """How a test ended: `P` as it should, `F` otherwise, `E` by an exception, `T` after too many steps."""

    letter: str
    near: float
    value: str
    message: str
    # What it gave and what it should have given, where it gave something else.
    pair: tuple[Any, Any] | None = None


class Cases:
    """Lines of `{"call", "args"?, "kwargs"?}` with `expect` or `raises`."""

    starts_programs = False

    def __init__(self, program: Program, path: str, cases: list[dict[str, Any]]) -> None:
        self._module = program.modules[path]
        self._cases = [
            (
                case["call"],
                json.dumps([case.get("args", []), case.get("kwargs", {})]),
                case.get("expect"),
                case.get("raises"),
            )
            for case in cases
        ]

    def names(self) -> list[str]:
        return [_told(name, arguments) for name, arguments, _, _ in self._cases]

    def examples(self) -> list[tuple[str, list[Any], Any]]:
        """What each function is given and gives, where that is all that a test asks."""
        return [
            (name, properties.given(json.loads(arguments)), expect)
            for name, arguments, expect, raises in self._cases
            if raises is None
        ]

    def run(self, place: int) -> Outcome:
        name, arguments, expect, raises = self._cases[place]
        return attempt(self._module, name, arguments, expect, raises)


def _told(name: str, arguments: str) -> str:
    positional, named = json.loads(arguments)
    parts = [repr(value) for value in positional] + [f"{key}={value!r}" for key, value in named.items()]
    return f"{name}({', '.join(parts)})"


def attempt(module: Any, name: str, arguments: str, expect: Any, raises: str | None) -> Outcome:
    """Calls a function of the module, or a method of a class of it that needs no arguments, by name."""
    positional, named = json.loads(arguments)
    random.seed(0)
    try:
        value = judge.plain(_function(module, name)(*positional, **named))
    except steps.OutOfSteps:
        return Outcome("T", 0.0, "T", "it takes more steps than it may")
    except judge.Unplain as error:
        return Outcome("F", 0.0, "U", f"the value is too {error} to be compared")
    except (Exception, SystemExit) as error:
        return _raised(error, raises)
    shown = repr(value)[:VALUE_CHARS_MAX]
    if raises is not None:
        return Outcome("F", 0.2, shown, f"it gave {shown} and should raise {raises}", (value, None))
    if judge.same(value, expect):
        return Outcome("P", 1.0, shown, "")
    near = judge.nearness(value, expect)
    return Outcome("F", near, shown, f"it gave {shown}, not {expect!r}"[:MESSAGE_CHARS_MAX], (value, expect))


def _function(module: Any, name: str) -> Any:
    found = module
    for part in name.split("."):
        if isinstance(found, type) and not isinstance(found.__dict__.get(part), (staticmethod, classmethod)):
            found = found()
        found = getattr(found, part)
    return found


def _raised(error: BaseException, raises: str | None) -> Outcome:
    names = [kind.__name__ for kind in type(error).__mro__]
    told = f"{type(error).__name__}: {error}"[:MESSAGE_CHARS_MAX]
    if raises is not None and raises.split(":")[0].strip() in names[:-2]:
        text = raises.partition(":")[2].strip()
        if text in str(error):
            return Outcome("P", 1.0, told, "")
        return Outcome("E", 0.6, told, f"it raised {told}, and should say {text!r}")
    wanted = f", and should raise {raises}" if raises is not None else ""
    return Outcome("E", 0.3 if raises is not None else 0.0, told[:VALUE_CHARS_MAX], f"it raised {told}{wanted}")
