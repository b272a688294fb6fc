"""A small function that does what examples say, put together of components."""

from __future__ import annotations

import contextlib
import keyword
import math
from collections.abc import Callable
from typing import Any

from . import judge, trial
from .branches import Branches
from .expressions import Node, write
from .kinds import bits, hint, in_order, kind_of
from .search import Search, Wanted
from .thresholds import SUPPORT_MIN

# Of what fits, so many are told of.
FITTING_MAX = 24
VALUE_CHARS_MAX = 400
# What an empty input may come to by a rule of its own.
DEFAULTS = (0, "", [], None, {}, False, True, -1)
# Where that does it, one that needs no such rule is looked for among so many times as many expressions.
WITHOUT_DEFAULT_FACTOR = 4
# What it costs not to need a parameter that is there.
UNUSED = 3
IMPORTS = {"Counter": "from collections import Counter"}


def compose(order: dict[str, Any]) -> dict[str, Any]:
    """What fits, the likelier first, and what each gives for the inputs of the order.

    Bounded by what is tried: where time or memory ends first, nothing is told that depends on when that was.
    """
    wanted = Wanted(order["parameters"], order["cases"], order["expected"], _turned(order["inputs"]))
    columns = [[case[place] for case in wanted.cases] for place in range(len(wanted.names))]
    answer = {
        "types": [*map(hint, columns), hint(wanted.expected)],
        "bits": _bits(wanted.expected),
        "tried": 0,
        "components": 0,
        "cost": 0,
        "is_cut": False,
        "is_late": False,
        "fitting": [],
        "refused": _refusal(wanted, columns),
    }
    if answer["refused"]:
        return answer
    trial.bound_memory()
    trial.bound_time()
    try:
        trial.wind(order["seconds"], trial.GRACE_SECONDS)
        return {**answer, **_looked_for(wanted, [str(kind_of(column)) for column in columns], order["expressions"])}
    except (trial.OutOfTime, MemoryError):
        return {**answer, "is_late": True}
    finally:
        trial.wind(0.0, 0.0)


def _refusal(wanted: Wanted, columns: list[list[Any]]) -> str | None:
    for name, column in zip(wanted.names, columns):
        if keyword.iskeyword(name):
            return f"`{name}` is a word of Python, and no name of a parameter"
        if kind_of(column) is None:
            return f"the values of `{name}` are not all of one kind that it knows"
    if not any(kind_of(part.expected) for part, _ in _parts(wanted)):
        return "what it is to give is not all of one kind that it knows"
    return None


def _looked_for(wanted: Wanted, kinds: list[str], most: int) -> dict[str, Any]:
    fitting: list[Found] = []
    tried, components, cost, is_cut = 0, 0, 0, False
    for part, default in _parts(wanted):
        kind = kind_of(part.expected)
        if kind is None:
            continue
        search = Search(part, kinds, kind, min(most, WITHOUT_DEFAULT_FACTOR * tried) if fitting else most)
        search.run()
        tried, cost = tried + search.tried, max(cost, search.cost)
        components, is_cut = search.components, search.is_cut
        fitting += _found(search.fitting, wanted, default)
        if not fitting:
            branches = Branches(part, kinds, kind)
            fitting += _found(branches.fitting(), wanted, default)
            tried += branches.tried
    fitting.sort(key=lambda found: (found.cost, len(found.expression)))
    told = [found.told(wanted.inputs) for found in fitting[:FITTING_MAX]]
    return {"tried": tried, "components": components, "cost": cost, "is_cut": is_cut, "fitting": told}


def _turned(inputs: list[Any]) -> list[Any]:
    """Every second one with its keys the other way round: nothing says which order they came in."""
    return [_backwards(given) if place % 2 else given for place, given in enumerate(inputs)]


def _backwards(value: Any) -> Any:
    if isinstance(value, list):
        return [_backwards(item) for item in value]
    return {key: _backwards(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


def _bits(expected: list[Any]) -> float:
    """What is the same twice says little the second time; but of few answers to choose from each choice counts."""
    distinct = {repr(value): value for value in expected}
    is_choice = len(expected) >= SUPPORT_MIN * len(distinct)
    if is_choice or all(isinstance(value, bool) for value in expected):
        return len(expected) * max(math.log2(len(distinct)), 1.0)
    return sum(map(bits, distinct.values()))


def _parts(wanted: Wanted) -> list[tuple[Wanted, list[Any]]]:
    """Those examples that are not empty, if all others come to one default; and all."""
    empty = [place for place, case in enumerate(wanted.cases) if case and case[0] in ("", [], {})]
    full = [place for place in range(len(wanted.cases)) if place not in empty]
    defaults = [wanted.expected[place] for place in empty]
    parts: list[tuple[Wanted, list[Any]]] = []
    if empty and len(full) > 1 and defaults[0] in DEFAULTS and all(value == defaults[0] for value in defaults):
        cases, expected = [wanted.cases[place] for place in full], [wanted.expected[place] for place in full]
        parts.append((wanted._replace(cases=cases, expected=expected), defaults[:1]))
    return [*parts, (wanted, [])]


def _found(nodes: list[Node], wanted: Wanted, default: list[Any]) -> list[Found]:
    """Each text once: where there are two of them, the cheaper."""
    texts: dict[str, Found] = {}
    for node in nodes:
        found = Found(node, wanted.names, default)
        texts.setdefault(found.expression, found)
    return [found for found in texts.values() if found.holds(wanted)]


class Found:
    """An expression in its final text, run as that."""

    def __init__(self, node: Node, names: list[str], default: list[Any]) -> None:
        self.expression = write(node, frozenset(names)).text
        if default:
            told = '""' if default[0] == "" else repr(default[0])
            self.expression = f"{self.expression} if {names[0]} else {told}"
        self.imports = [IMPORTS.get(name, f"import {name}") for name in sorted(node.needs())]
        unused = len({*names} - node.names())
        self.cost, self._size = node.cost + len(default) + UNUSED * unused, node.size()
        self._call: Callable[..., Any] | None = None
        space: dict[str, Any] = {}
        # Quotes within quotes are wrong in an older Python.
        with contextlib.suppress(SyntaxError):
            exec("\n".join([*self.imports, f"call = lambda {', '.join(names)}: {self.expression}"]), space)
            self._call = space["call"]

    def holds(self, wanted: Wanted) -> bool:
        """Does the text give what each example says?"""
        if self._call is None:
            return False
        try:
            given = [judge.plain(self._call(*case)) for case in wanted.cases]
        except Exception:
            return False
        return all(map(judge.same, given, wanted.expected))

    def told(self, inputs: list[Any]) -> dict[str, Any]:
        return {
            "expression": self.expression,
            "imports": self.imports,
            "cost": self.cost,
            "size": self._size,
            "values": [self._value(given) for given in inputs],
        }

    def _value(self, given: list[Any]) -> str:
        if self._call is None:
            return "!"
        try:
            value = in_order(judge.plain(self._call(*given)), rounds=False)
            return f"={value!r}"[:VALUE_CHARS_MAX]
        except Exception as error:
            return f"!{type(error).__name__}: {error}"[:VALUE_CHARS_MAX]
