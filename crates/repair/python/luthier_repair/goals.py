"""What is found backwards from a text that is wanted: parts that are put together, and lists that are joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .components.each import mapped
from .components.literals import SEPARATORS, Literals
from .components.sorts import TEXT, TEXTS
from .expressions import Component, Node, kept, quoted

COST_MAX = 12
# Texts that are still to be put together.
GOALS_MAX = 40


class Together:
    """A text as a sequence of parts: literals that all outputs have there, and expressions."""

    def __init__(self, target: tuple[str, ...], literals: Literals) -> None:
        self._goals: list[tuple[tuple[str, ...], tuple[str | Node, ...], int]] = []
        self._known: set[Any] = set()
        self._pieces: list[Node] = []
        self._is_one = len(set(target)) < 2
        self._target = target
        self._aim(target, (), 0)

    def _aim(self, left: tuple[str, ...], pieces: tuple[str | Node, ...], cost: int) -> list[Node]:
        """What is still to come, with and without what it begins with everywhere."""
        made = self._goal(left, pieces, cost)
        for literal in self._literals(left):
            rest = tuple(text[len(literal) :] for text in left)
            price = 1 + any(mark.isalnum() for mark in literal) * (1 if len(literal) > 2 else 3)
            made += self._goal(rest, (*pieces, literal), cost + price)
        return made

    def _literals(self, left: tuple[str, ...]) -> Iterator[str]:
        shared = _begins(left)
        if self._is_one:
            yield from (mark for mark in SEPARATORS if shared.startswith(mark))
            return
        whole = shared if shared not in self._target else ""
        mark = re.match(r"[^A-Za-z0-9]*", whole)
        yield from dict.fromkeys(literal for literal in (whole, mark[0] if mark else "") if literal)

    def _goal(self, left: tuple[str, ...], pieces: tuple[str | Node, ...], cost: int) -> list[Node]:
        if not any(left):
            return [self._made(pieces, cost)] if any(isinstance(piece, Node) for piece in pieces) else []
        if (left, len(pieces)) in self._known or len(self._goals) >= GOALS_MAX:
            return []
        self._known.add((left, len(pieces)))
        self._goals.append((left, pieces, cost))
        return [made for piece in list(self._pieces) for made in self._put(piece, left, pieces, cost)]

    def with_piece(self, node: Node) -> list[Node]:
        """What can be finished now that there is this one, too."""
        if not any(node.values[: len(self._target)]):
            return []
        self._pieces.append(node)
        return [made for goal in list(self._goals) for made in self._put(node, *goal)]

    def _put(self, node: Node, left: tuple[str, ...], pieces: tuple[str | Node, ...], cost: int) -> list[Node]:
        if not left[0].startswith(node.values[0]):
            return []
        values = node.values[: len(left)]
        if not all(map(str.startswith, left, values)):
            return []
        rest = tuple(text[len(value) :] for text, value in zip(left, values))
        # Next to each other without anything between is less likely.
        price = cost + node.cost + bool(pieces and isinstance(pieces[-1], Node)) * 2
        return self._aim(rest, (*pieces, node), price) if price <= COST_MAX else []

    def _made(self, pieces: tuple[str | Node, ...], cost: int) -> Node:
        parts = [piece for piece in pieces if isinstance(piece, Node)]
        return Node(Component("", (), TEXT, str, cost), tuple(parts), (), cost, pieces)


def _begins(texts: tuple[str, ...]) -> str:
    """The longest that all begin with."""
    low, high = min(texts), max(texts)
    count = next((place for place, letter in enumerate(low) if high[place] != letter), len(low))
    return low[:count]


class Joined:
    """A text as a list that was joined, each item of it with something around it or not."""

    def __init__(self, target: tuple[str, ...], literals: Literals) -> None:
        self._count = len(target)
        self._lists: list[tuple[tuple[tuple[str, ...], ...], str, str, str]] = []
        for mark in literals.into_outputs:
            if any(mark in text for text in target):
                lists = tuple(tuple(text.split(mark)) for text in target)
                self._lists.append((lists, mark, "", ""))
                self._lists += _without_what_is_around(lists, mark)

    def of(self, node: Node) -> list[Node]:
        values = node.values[: self._count]
        return [_joined(node, *around) for lists, *around in self._lists if values == lists]


def _without_what_is_around(
    lists: tuple[tuple[str, ...], ...], mark: str
) -> Iterator[tuple[tuple[tuple[str, ...], ...], str, str, str]]:
    items = tuple(item for one in lists for item in one)
    before = _begins(items)
    after = _begins(tuple(item[len(before) :][::-1] for item in items))[::-1]
    if (before or after) and not any(letter.isalnum() for letter in before + after):
        inside = tuple(tuple(item[len(before) : len(item) - len(after)] for item in one) for one in lists)
        yield inside, mark, before, after


def _joined(node: Node, mark: str, before: str, after: str) -> Node:
    if before or after:
        template = f'f"{kept(quoted(kept(before))[1:-1])}{{{{{{0}}}}}}{kept(quoted(kept(after))[1:-1])}"'
        inner = Component(template, (TEXT,), TEXT, lambda item: f"{before}{item}{after}")
        node = Node(mapped(inner, (TEXTS,), 1), (node,), (), node.cost + 1)
    component = Component(f"{kept(quoted(mark))}.join({{0:g}})", (TEXTS,), TEXT, mark.join)
    return Node(component, (node,), (), node.cost + 1)
