"""How far a repaired program agrees with the right one on inputs that no test has.

Prints the share of 200 generated calls that both answer alike: `agree.py RIGHT REPAIRED INPUTS`.
"""

from __future__ import annotations

import json
import math
import random
import signal
import sys
import types
from collections import abc
from typing import Any

CALLS = 200
SEED = 1
SECONDS_MAX = 2.0


class TooLong(BaseException):
    """A call that does not come to an end."""


def too_long(signal_number: int, frame: Any) -> None:
    raise TooLong


def load(path: str, name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)
    return module


def plain(value: Any) -> Any:
    """Lists for all that has an order, so that both sides compare as tests do."""
    if isinstance(value, abc.Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (list, tuple, abc.Iterator)):
        return [plain(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, (int, float)) and isinstance(other, (int, float)) and math.isclose(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def outcome(module: types.ModuleType, call: dict[str, Any]) -> tuple[str, Any]:
    arguments = json.loads(json.dumps(call["args"]))
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_MAX)
    try:
        return "value", plain(getattr(module, call["call"])(*arguments))
    except Exception as error:
        return "error", type(error).__name__
    except TooLong:
        return "no end", None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main() -> None:
    signal.signal(signal.SIGVTALRM, too_long)
    right, repaired, inputs = (load(path, name) for path, name in zip(sys.argv[1:], ("right", "repaired", "inputs")))
    chance = random.Random(SEED)
    alike = 0
    for _ in range(CALLS):
        call = inputs.inputs(chance)
        one, other = outcome(right, call), outcome(repaired, call)
        alike += one[0] == other[0] and same(one[1], other[1])
    print(alike / CALLS)


main()
