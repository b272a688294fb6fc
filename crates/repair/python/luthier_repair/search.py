"""Expressions by what they cost, the cheapest first: of those that give the same for everything that is known one is
enough."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .components import library
from .components.literals import Literals
from .components.sorts import (
    BOOL,
    BOOLS,
    COUNTS,
    GRID,
    MAPPING,
    NUMBER,
    NUMBERS,
    OF_NUMBERS,
    OF_TEXTS,
    PAIRS,
    RECORD,
    RECORDS,
    ROWS,
    TEXT,
    TEXTS,
    TYPES,
)
from .expressions import Component, Node
from .filters import Filters
from .goals import COST_MAX, Joined, Together
from .kinds import in_order, item_name, keys_of, kind_of
from .lines import Line

# Beside the examples, so many other inputs tell expressions apart.
PROBES = 4
# Of expressions that differ on probes alone, so many are kept.
ALIKE_MAX = 3
# And so many where nothing is aimed at: any of them may be what is asked for.
ALIKE_AIMLESS_MAX = 12
# What fits is looked for until it costs so much more than the first that did, but for so many expressions only.
SLACK = 1
AFTER_MIN, AFTER_FACTOR, AFTER_MAX = 4_000, 2, 20_000
DEARER_MAX = 25_000
FITTING_MAX = 100
# What a part of a text, and what a line is drawn through, may cost.
PIECE_COST_MAX = 4
LINE_COST_MAX = 2
# With so many more characters in the examples an expression counts for one more.
CHARACTERS_A_STEP = 4_000


class Wanted(NamedTuple):
    """What is asked for: examples, and other inputs."""

    names: list[str]
    cases: list[Any]
    expected: list[Any]
    inputs: list[Any]


class Raised:
    """Stands for the value where there is none."""

    def __repr__(self) -> str:
        return "raised"


RAISED = Raised()


class Stop(Exception):
    """There is nothing more to be looked for, or no more room for it."""


class Search:
    """Expressions by what they cost, from parameters on."""

    def __init__(self, wanted: Wanted, kinds: list[str], kind: str, most: int) -> None:
        self.fitting: list[Node] = []
        self.tried, self.cost, self.is_cut = 0, 0, False
        self._wanted, self._examples = kind, len(wanted.cases)
        self._stop_at = most // (1 + len(repr(wanted.cases)) // CHARACTERS_A_STEP)
        self._cheapest = COST_MAX
        probes = [given for given in wanted.inputs if [kind_of([value]) for value in given] == kinds][:PROBES]
        columns = [[case[place] for case in [*wanted.cases, *probes]] for place in range(len(kinds))]
        literals = Literals(wanted.cases, wanted.expected)
        keys = keys_of(kinds, columns)
        self._table = _useful(library(literals, keys), kind, _shut(literals, keys, {kind, *kinds}))
        self.components = len(self._table)
        self._bank: dict[str, list[list[Node]]] = {one: [[]] for one in sorted(TYPES)}
        self._seen: set[Any] = set()
        self._alike: Counter[Any] = Counter()
        self._alike_max = ALIKE_AIMLESS_MAX if None in wanted.expected else ALIKE_MAX
        self._key = {one: _key_of(one) for one in TYPES}
        target = tuple(map(_frozen, wanted.expected))
        self._is_float = _has_float(target)
        self._target = self._aim(target)
        self._together = Together(target, literals) if kind == TEXT else None
        self._joined = Joined(target, literals) if kind == TEXT else None
        self._line = Line(target) if kind == NUMBER else None
        self._filters = Filters(target, kind, keys) if kind in (NUMBERS, TEXTS, RECORDS) else None
        self._leaves = [
            Node(Component(name, (), one, _nothing, 0, item=item_name(name, one)), (), tuple(map(_frozen, column)), 0)
            for name, one, column in zip(wanted.names, kinds, columns)
        ]

    def run(self) -> None:
        """Fills `fitting`."""
        try:
            for leaf in self._leaves:
                self._add(leaf)
            for cost in range(1, COST_MAX + 1):
                if cost > self._cheapest + SLACK:
                    break
                self.cost = cost
                self._near_the_end()
                self._level(cost)
        except Stop:
            self.is_cut = self._cheapest > self.cost
        self.fitting.sort(key=lambda node: node.cost)

    def bank(self, kind: str) -> list[Node]:
        """All of a kind that are kept, the cheapest first."""
        return [node for nodes in self._bank[kind] for node in nodes]

    def _level(self, cost: int) -> None:
        for of_kind in self._bank.values():
            of_kind.append([])
        within = [component for component in self._table if component.cost <= cost]
        # What there is little of first: there is much of what leads nowhere.
        within.sort(key=lambda component: len(self._bank[component.takes[0]][cost - component.cost]))
        for component in within:
            left = cost - component.cost
            if len(component.takes) == 1:
                for node in self._bank[component.takes[0]][left]:
                    self._try(component, (node,), cost)
            else:
                for arguments in self._arguments(component, left):
                    self._try(component, arguments, cost)

    def _arguments(self, component: Component, left: int) -> Iterator[tuple[Node, ...]]:
        first, *others = component.takes
        most = [min(left, component.others_max)] * len(others)
        for costs in itertools.product(*(range(one + 1) for one in most)):
            if sum(costs) <= left:
                ranges = [self._bank[kind][cost] for kind, cost in zip(others, costs)]
                for arguments in itertools.product(self._bank[first][left - sum(costs)], *ranges):
                    # What a value makes with itself is a detour, or a component of its own.
                    if arguments[0] is not arguments[1]:
                        yield arguments

    def _try(self, component: Component, arguments: tuple[Node, ...], cost: int) -> None:
        self.tried += 1
        if self.tried >= self._stop_at:
            raise Stop
        values = self._values(component.apply, arguments)
        if values is not None:
            self._add(Node(component, arguments, values, cost))

    def _values(self, apply: Callable[..., Any], arguments: tuple[Node, ...]) -> tuple[Any, ...] | None:
        """Nothing if an example raises; a probe may."""
        values: list[Any] = []
        for given in zip(*(argument.values for argument in arguments)):
            try:
                values.append(RAISED if RAISED in given else apply(*given))
            except Exception:
                values.append(RAISED)
            if values[-1] is RAISED and len(values) <= self._examples:
                return None
        return tuple(values)

    def _add(self, node: Node) -> None:
        kind = node.component.gives
        key = self._key[kind](node.values)
        if (kind, key) in self._seen:
            return
        examples = node.values[: self._examples]
        # A step that changes no example is one that no example asks for.
        same_kind = (argument for argument in node.arguments if argument.component.gives == kind)
        if any(argument.values[: self._examples] == examples for argument in same_kind):
            return
        self._seen.add((kind, key))
        alike = (kind, self._key[kind](examples))
        self._alike[alike] += 1
        is_wanted = kind == self._wanted and self._aim(examples) == self._target
        if is_wanted:
            self._found(node)
            return
        if self._alike[alike] > self._alike_max:
            return
        self._bank[kind][node.cost].append(node)
        if self._together and kind == TEXT and node.cost <= PIECE_COST_MAX:
            for made in self._together.with_piece(node):
                self._found(made)
        if self._joined and kind == TEXTS:
            for made in self._joined.of(node):
                self._found(made)
        if self._filters and kind == self._wanted and node.cost < 1:
            for made in self._filters.of(node):
                self._found(made)
        if self._line and kind == NUMBER and node.cost <= LINE_COST_MAX:
            made = self._line.through(node)
            if made:
                self._found(made)

    def _aim(self, values: tuple[Any, ...]) -> Any:
        """Numbers that are floats somewhere may be whole numbers there, but not the other way round."""
        if "number" not in self._wanted:
            return values
        return repr(in_order(values, rounds=self._is_float))

    def _found(self, node: Node) -> None:
        self.fitting.append(node)
        self._cheapest = min(self._cheapest, node.cost)
        self._near_the_end()
        if len(self.fitting) >= FITTING_MAX and self._cheapest <= self.cost:
            raise Stop

    def _near_the_end(self) -> None:
        """Not much more is looked at, least of all where nothing cheaper can come."""
        if self._cheapest <= self.cost:
            self._stop_at = min(self._stop_at, self.tried + min(max(AFTER_MIN, AFTER_FACTOR * self.tried), AFTER_MAX))
        elif self.fitting:
            self._stop_at = min(self._stop_at, self.tried + DEARER_MAX)


def _nothing() -> None:
    raise TypeError


def _has_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_float, value.values()))
    return any(map(_has_float, value)) if isinstance(value, tuple) else isinstance(value, float)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _key_of(kind: str) -> Callable[[Any], Any]:
    """What two vectors of values have in common if they are the same: 1, 1.0 and True are not."""
    return _itself if kind in (TEXT, TEXTS, BOOL, ROWS) else repr


def _itself(value: Any) -> Any:
    return value


def _shut(literals: Literals, keys: list[tuple[str, str, str]], ends: set[str]) -> set[str]:
    """Kinds by which there is no way: those of numbers or of texts, where neither end has any."""
    ends = ends | {inner for _, _, inner in keys}
    has_numbers = not ends <= OF_TEXTS | {MAPPING, RECORD, RECORDS} or literals.has_new_digits
    if not has_numbers:
        return OF_NUMBERS
    return OF_TEXTS | {COUNTS, MAPPING, PAIRS} if ends <= {NUMBER, NUMBERS, GRID, BOOL, BOOLS} else set()


def _useful(table: list[Component], wanted: str, shut: set[str]) -> list[Component]:
    """Those from which what is wanted can be reached."""
    kinds, before = {wanted}, 0
    while len(kinds) != before:
        before = len(kinds)
        kinds |= {kind for component in table if component.gives in kinds for kind in component.takes} - shut
    return [component for component in table if component.gives in kinds and kinds.issuperset(component.takes)]
