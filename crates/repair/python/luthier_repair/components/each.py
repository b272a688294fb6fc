"""What can be done with one, done with each of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..expressions import Component
from .sorts import BOOL, LIST_OF, TEXT, TEXTS


def each(plain: list[Component]) -> Iterator[Component]:
    """What can be done with one, done with each of a list."""
    for inner in plain:
        single = inner.takes[0]
        if not inner.is_each or single not in LIST_OF:
            continue
        if inner.gives == BOOL:
            yield filtered(inner, (LIST_OF[single],))
            yield mapped(inner, (LIST_OF[single],), 1 + inner.cost)
        elif inner.gives in LIST_OF:
            yield mapped(inner, (LIST_OF[single],), inner.cost)
    yield filtered(Component("{0}", (TEXT,), BOOL, bool), (TEXTS,))


def mapped(inner: Component, takes: tuple[str, ...], cost: int) -> Component:
    change = inner.apply

    def apply(items: Any, *others: Any) -> Any:
        return tuple([change(item, *others) for item in items])

    return Component("", takes, LIST_OF[inner.gives], apply, cost, kind="map", inner=inner)


def filtered(inner: Component, takes: tuple[str, ...]) -> Component:
    holds = inner.apply

    def apply(items: Any, *others: Any) -> Any:
        return tuple([item for item in items if holds(item, *others)])

    return Component("", takes, takes[0], apply, inner.cost, kind="filter", inner=inner)
