"""Parts of what has an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import Component
from .sorts import TEXT


def slices(kind: str) -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], Any], cost: int = 1) -> Component:
        return Component(template, (kind,), kind, apply, cost, is_each=kind == TEXT and cost == 1)

    yield one("{0:p}[1:]", lambda value: value[1:])
    yield one("{0:p}[:-1]", lambda value: value[:-1])
    yield one("{0:p}[::2]", lambda value: value[::2], 2)
    yield one("{0:p}[1::2]", lambda value: value[1::2], 2)
    yield one("{0:p}[1:-1]", lambda value: value[1:-1], 2)
    for count in (2, 3, 4, 5, 8, 10):
        yield one(f"{{0:p}}[:{count}]", lambda value, count=count: value[:count], 1 if count == 3 else 2)
        yield one(f"{{0:p}}[-{count}:]", lambda value, count=count: value[-count:], 2)
    for count in (2, 3):
        yield one(f"{{0:p}}[{count}:]", lambda value, count=count: value[count:], 2)
        yield one(f"{{0:p}}[:-{count}]", lambda value, count=count: value[:-count], 2)
