"""Two ways instead of one: `this if condition else that`, where each side has examples enough to say what it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .components.sorts import BOOL, NUMBER
from .expressions import COMPARED, LOOSE, Component, Node, kept, quoted
from .search import Search, Wanted
from .thresholds import SUPPORT_MIN, between

# Expressions that are tried for conditions, and for each side.
CONDITIONS_TRIED_MAX = 8_000
SIDE_TRIED_MAX = 12_000
TRIED_MAX = 80_000
CONDITION_COST_MAX = 3
# What a bound may be set to.
BOUNDED_COST_MAX = 1
BOUND_COST = 2
# Ways to part the examples that are followed, the cheapest first, and what is kept of each.
PARTINGS_MAX = 16
CONDITIONS_MAX = 10
SIDES_MAX = 2
BRANCHING_COST = 2


class Condition(NamedTuple):
    """Which examples are on the side of yes."""

    mask: tuple[bool, ...]
    node: Node


class Branches:
    """All that fit on two sides."""

    def __init__(self, wanted: Wanted, kinds: list[str], kind: str) -> None:
        self.tried = 0
        self._wanted, self._kinds, self._kind = wanted, kinds, kind
        self._sides: dict[tuple[bool, ...], list[Node]] = {}

    def fitting(self) -> list[Node]:
        """The cheapest first."""
        by_mask: dict[tuple[bool, ...], list[Node]] = {}
        for condition in self._conditions():
            same = by_mask.setdefault(condition.mask, [])
            if len(same) < CONDITIONS_MAX:
                same.append(condition.node)
        if self._kind == BOOL:
            return by_mask.get(tuple(self._wanted.expected), [])
        # Where each side is one answer, there is nothing more to be looked for.
        found = self._on_two_sides(by_mask, self._answer)
        if not found:
            likely = sorted(by_mask.items(), key=lambda parting: not self._is_left_alone(parting[0]))
            cheapest = dict(likely[:PARTINGS_MAX])
            found = self._on_two_sides(cheapest, self._side)
        return sorted(found, key=lambda node: node.cost)

    def _is_left_alone(self, mask: tuple[bool, ...]) -> bool:
        """Does one side give back what it was given?"""
        rows = list(zip(mask, self._wanted.cases, self._wanted.expected))
        return any(
            all(case[place] == wanted for is_yes, case, wanted in rows if is_yes == side)
            for side in (True, False)
            for place in range(len(self._wanted.names))
        )

    def _on_two_sides(
        self, by_mask: dict[tuple[bool, ...], list[Node]], side: Callable[[tuple[bool, ...]], list[Node]]
    ) -> list[Node]:
        found = []
        for mask, nodes in by_mask.items():
            yes = side(mask)
            no = side(tuple(not one for one in mask)) if yes else []
            found += [_either(*parts, self._kind) for parts in itertools.product(yes, nodes, no)]
        return found

    def _conditions(self) -> list[Condition]:
        count = len(self._wanted.cases)
        # It looks for nothing: what it comes by is what is wanted.
        aimless = self._wanted._replace(expected=[None] * count)
        search = Search(aimless, self._kinds, BOOL, CONDITIONS_TRIED_MAX)
        search.run()
        self.tried += search.tried
        found = [Condition(node.values[:count], node) for node in search.bank(BOOL) if node.cost <= CONDITION_COST_MAX]
        for node in search.bank(NUMBER):
            if node.cost <= BOUNDED_COST_MAX:
                found += _bounds(node, count)
        found = [one for one in found if SUPPORT_MIN <= sum(one.mask) <= count - SUPPORT_MIN]
        return sorted(found, key=lambda one: one.node.cost)

    def _answer(self, mask: tuple[bool, ...]) -> list[Node]:
        """The one that all examples of a side have."""
        first, *others = itertools.compress(self._wanted.expected, mask)
        if not isinstance(first, (str, int, float)) or any(other != first for other in others):
            return []
        told = quoted(first) if isinstance(first, str) else repr(first)
        return [Node(Component(kept(told), (), self._kind, _never, 0), (), (), 0)]

    def _side(self, mask: tuple[bool, ...]) -> list[Node]:
        """What gives the examples of one side."""
        if mask not in self._sides:
            self._sides[mask] = self._answer(mask) or self._looked_for(mask)
        return self._sides[mask]

    def _looked_for(self, mask: tuple[bool, ...]) -> list[Node]:
        if self.tried >= TRIED_MAX:
            return []
        cases = list(itertools.compress(self._wanted.cases, mask))
        expected = list(itertools.compress(self._wanted.expected, mask))
        search = Search(self._wanted._replace(cases=cases, expected=expected), self._kinds, self._kind, SIDE_TRIED_MAX)
        search.run()
        self.tried += search.tried
        return search.fitting[:SIDES_MAX]


def _either(yes: Node, condition: Node, no: Node, kind: str) -> Node:
    is_choice = not (yes.arguments or yes.pieces or no.arguments or no.pieces or yes.values or no.values)
    cost = yes.cost + condition.cost + no.cost + (0 if is_choice else BRANCHING_COST)
    component = Component("{0:c} if {1} else {2:c}", (kind, BOOL, kind), kind, _never, cost, LOOSE)
    return Node(component, (yes, condition, no), (), cost)


def _never() -> Any:
    raise TypeError


def _bounds(node: Node, count: int) -> Iterator[Condition]:
    """`node >= bound` for each bound between two examples; each that may be meant, where there are several."""
    numbers = node.values[:count]
    known = sorted({*numbers})
    for low, high in itertools.pairwise(known):
        mask = tuple(number >= high for number in numbers)
        for bound, sign in between(low, high):
            component = Component(f"{{0:c}} {sign} {bound}", (NUMBER,), BOOL, _never, BOUND_COST, COMPARED)
            yield Condition(mask, Node(component, (node,), (), node.cost + BOUND_COST))
