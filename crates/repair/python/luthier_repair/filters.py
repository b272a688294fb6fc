"""Lists of which something was left out: what is large or small enough stays, and examples say where that ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .components.each import filtered
from .components.sorts import BOOL, NUMBER, NUMBERS, RECORD, RECORDS, TEXTS
from .expressions import COMPARED, Component, Node, kept, quoted
from .thresholds import SUPPORT_MIN, between

COST = 3


class Filters:
    """All that leave out what each example leaves out."""

    def __init__(self, target: tuple[Any, ...], kind: str, keys: list[tuple[str, str, str]]) -> None:
        self._target = target
        self._kind = kind
        self._measures = list(_measures(kind, keys))

    def of(self, node: Node) -> Iterator[Node]:
        lists = list(zip(node.values, self._target))
        items = [(item, item in wanted) for given, wanted in lists for item in given]
        if any(wanted != tuple(item for item in given if item in wanted) for given, wanted in lists):
            return
        for template, measure in self._measures:
            stays = [measure(item) for item, is_kept in items if is_kept]
            goes = [measure(item) for item, is_kept in items if not is_kept]
            if min(len(stays), len(goes)) < SUPPORT_MIN:
                continue
            if max(goes) < min(stays):
                bounds = between(max(goes), min(stays))
            elif max(stays) < min(goes):
                bounds = [(bound, {">=": "<", ">": "<="}[sign]) for bound, sign in between(max(stays), min(goes))]
            else:
                continue
            for bound, sign in bounds:
                yield self._made(node, f"{template} {sign} {bound}")

    def _made(self, node: Node, template: str) -> Node:
        inner = Component(template, (self._kind,), BOOL, bool, level=COMPARED)
        return Node(filtered(inner, (self._kind,)), (node,), (), node.cost + COST)


def _measures(kind: str, keys: list[tuple[str, str, str]]) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    if kind == NUMBERS:
        yield "{0:c}", lambda number: number
    elif kind == TEXTS:
        yield "len({0})", len
    elif kind == RECORDS:
        for of, key, inner in keys:
            if of == RECORD and inner == NUMBER:
                yield f"{{0:p}}[{kept(quoted(key))}]", lambda record, key=key: record[key]
