"""Of one list."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import ADDED, COMPARED, MULTIPLIED, Component, quoted
from .bounds import bounded
from .literals import Literals
from .slices import slices
from .sorts import BOOL, COUNTS, GRID, LIST_OF, MAPPING, NUMBER, NUMBERS, PAIRS, ROWS, TEXT, TEXTS

# Between a number and what it counts.
NUMBERING = (". ", ") ", ": ")
BESIDE_ALL: tuple[tuple[str, int, Callable[[Any, Any], Any]], ...] = (
    ("number / sum({0})", 2, lambda number, numbers: number / sum(numbers)),
    ("number / max({0})", 2, lambda number, numbers: number / max(numbers)),
    ("number - min({0})", 3, lambda number, numbers: number - min(numbers)),
    ("max({0}) - number", 3, lambda number, numbers: max(numbers) - number),
    ("(number - min({0})) / (max({0}) - min({0}))", 3, lambda number, numbers: _share(number, numbers)),
)


def _share(number: Any, numbers: Any) -> Any:
    return (number - min(numbers)) / (max(numbers) - min(numbers))


def _most_common(texts: Any, count: int | None = None) -> Any:
    return tuple(Counter(texts).most_common(count))


def lists_of_texts(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], Any], gives: str = TEXTS, cost: int = 1, **more: Any) -> Component:
        return Component(template, (TEXTS,), gives, apply, cost, **more)

    for mark in dict.fromkeys(["", " ", *literals.into_outputs]):
        yield one(f"{quoted(mark)}.join({{0:g}})", mark.join, TEXT, is_each=True)
    yield one("max({0:g}, key=len)", lambda texts: max(texts, key=len), TEXT, is_each=True)
    yield one("min({0:g}, key=len)", lambda texts: min(texts, key=len), TEXT)
    yield one("sorted({0:g}, key=len)", lambda texts: tuple(sorted(texts, key=len)))
    template = "sorted({0:g}, key=len, reverse=True)"
    yield one(template, lambda texts: tuple(sorted(texts, key=len, reverse=True)), cost=2)
    yield one("sorted({0:g}, key=str.lower)", lambda texts: tuple(sorted(texts, key=str.lower)))
    yield one("dict(Counter({0:g}))", lambda texts: dict(Counter(texts)), COUNTS, needs="Counter", item="key")
    template = "{{{0.item}: len({0.item}) for {0.item} in {0}}}"
    yield one(template, lambda texts: {text: len(text) for text in texts}, COUNTS)
    template = "[list(pair) for pair in Counter({0:g}).most_common()]"
    yield one(template, _most_common, PAIRS, 2, needs="Counter", item="pair")
    template = "[list(pair) for pair in Counter({0:g}).most_common({1})]"
    yield Component(template, (TEXTS, NUMBER), PAIRS, _most_common, 2, needs="Counter", item="pair")
    template = "[item for item, _ in Counter({0:g}).most_common({1})]"
    most = lambda texts, count: tuple(text for text, _ in _most_common(texts, count))  # noqa: E731
    yield Component(template, (TEXTS, NUMBER), TEXTS, most, 2, needs="Counter")
    for mark in NUMBERING:
        if mark in literals.given:
            template = f'[f"{{{{number}}}}{mark}{{{{item}}}}" for number, item in enumerate({{0}}, 1)]'
            apply = lambda texts, mark=mark: tuple(f"{n}{mark}{text}" for n, text in enumerate(texts, 1))  # noqa: E731
            yield one(template, apply, TEXTS, 2)
    for mark in literals.from_inputs:
        template = f"dict(part.split({quoted(mark)}) for part in {{0}})"
        yield one(template, lambda texts, mark=mark: dict(part.split(mark) for part in texts), MAPPING, 2)
        template = f"dict(part.split({quoted(mark)}, 1) for part in {{0}})"
        yield one(template, lambda texts, mark=mark: dict(part.split(mark, 1) for part in texts), MAPPING, 3)


def lists_of_numbers() -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], Any], gives: str = NUMBER, cost: int = 1, **more: Any) -> Component:
        return Component(template, (NUMBERS,), gives, apply, cost, **more)

    yield one("sum({0:g})", sum, is_each=True)
    yield one("sum({0}) / len({0})", lambda numbers: sum(numbers) / len(numbers), level=MULTIPLIED, is_each=True)
    yield one("statistics.median({0:g})", statistics.median, needs="statistics", is_each=True)
    yield one("math.prod({0:g})", lambda numbers: bounded(math.prod(numbers)), needs="math", is_each=True)
    yield one("max({0}) - min({0})", lambda numbers: max(numbers) - min(numbers), cost=2, level=ADDED, is_each=True)
    yield one("statistics.pstdev({0:g})", statistics.pstdev, cost=2, needs="statistics")
    yield one("statistics.stdev({0:g})", statistics.stdev, cost=2, needs="statistics")
    running = "list(itertools.accumulate({0:g}))"
    yield one(running, lambda numbers: tuple(itertools.accumulate(numbers)), NUMBERS, needs="itertools")
    steps = "[after - before for before, after in zip({0}, {0:p}[1:])]"
    yield one(steps, lambda numbers: tuple(b - a for a, b in zip(numbers, numbers[1:])), NUMBERS)
    for template, cost, change in BESIDE_ALL:
        apply = lambda numbers, change=change: tuple(change(number, numbers) for number in numbers)  # noqa: E731
        yield one(f"[{template} for number in {{0}}]", apply, NUMBERS, cost, item="number")
    template = "[number for number in {0} if number > sum({0}) / len({0})]"
    yield one(template, lambda numbers: tuple(n for n in numbers if n > sum(numbers) / len(numbers)), NUMBERS, 3)
    yield one("{0:c} == sorted({0})", lambda numbers: list(numbers) == sorted(numbers), BOOL, 2, level=COMPARED)
    counted = lambda numbers: {str(number): count for number, count in Counter(numbers).items()}  # noqa: E731
    yield one("dict(Counter({0:g}))", counted, COUNTS, needs="Counter")


def lists_of_any() -> Iterator[Component]:
    for many, single in ((TEXTS, TEXT), (NUMBERS, NUMBER)):

        def one(template: str, apply: Callable[[Any], Any], gives: str, cost: int = 1, **more: Any) -> Component:
            return Component(template, (many,), gives, apply, cost, **more)

        is_nested = {"is_each": True}
        yield one("len({0})", len, NUMBER, **is_nested)
        yield one("sorted({0:g})", lambda items: tuple(sorted(items)), many, **is_nested)
        yield one("{0:p}[0]", lambda items: items[0], single, **is_nested)
        yield one("{0:p}[-1]", lambda items: items[-1], single, **is_nested)
        yield one("{0:p}[1]", lambda items: items[1], single, **is_nested)
        yield one("{0:p}[::-1]", lambda items: items[::-1], many, **is_nested)
        yield one("max({0:g})", max, single, **is_nested)
        yield one("min({0:g})", min, single, **is_nested)
        yield one("list(dict.fromkeys({0:g}))", lambda items: tuple(dict.fromkeys(items)), many)
        yield one("sorted({0:g}, reverse=True)", lambda items: tuple(sorted(items, reverse=True)), many)
        yield one("len(set({0:g}))", lambda items: len(set(items)), NUMBER)
        yield one("sorted(set({0:g}))", lambda items: tuple(sorted(set(items))), many)
        yield one("{0:p}[2]", lambda items: items[2], single, 2)
        yield one("{0:p}[-2]", lambda items: items[-2], single, 2)
        yield one("{0:p}[len({0}) // 2]", lambda items: items[len(items) // 2], single, 3)
        template = "Counter({0:g}).most_common(1)[0][0]"
        yield one(template, lambda items: Counter(items).most_common(1)[0][0], single, needs="Counter")
        template = "[item for item, count in Counter({0:g}).items() if count > 1]"
        yield one(template, lambda items: _counted(items, lambda count: count > 1), many, 2, needs="Counter")
        template = "[item for item, count in Counter({0:g}).items() if count == 1]"
        yield one(template, lambda items: _counted(items, lambda count: count == 1), many, 2, needs="Counter")
        template = "[{0:p}[start : start + 2] for start in range(0, len({0}), 2)]"
        yield one(template, lambda items: tuple(items[at : at + 2] for at in range(0, len(items), 2)), LIST_OF[many], 3)
        template = "len(set({0:g})) == len({0})"
        yield one(template, lambda items: len(set(items)) == len(items), BOOL, 2, level=COMPARED)
        yield from slices(many)


def _counted(items: Any, holds: Callable[[int], bool]) -> Any:
    return tuple(item for item, count in Counter(items).items() if holds(count))


def nested() -> Iterator[Component]:
    for nested, many in ((ROWS, TEXTS), (GRID, NUMBERS)):
        template = "[item for row in {0} for item in row]"
        flat = lambda rows: tuple(itertools.chain.from_iterable(rows))  # noqa: E731
        yield Component(template, (nested,), many, flat, item="item")
        yield Component("{0:p}[0]", (nested,), many, lambda rows: rows[0])
        yield Component("{0:p}[-1]", (nested,), many, lambda rows: rows[-1])
        yield Component("{0:p}[1:]", (nested,), nested, lambda rows: rows[1:])
        yield Component("{0:p}[::-1]", (nested,), nested, lambda rows: rows[::-1])
        yield Component("len({0})", (nested,), NUMBER, len)
        yield Component("sorted({0:g})", (nested,), nested, lambda rows: tuple(sorted(rows)))
        yield Component("max({0:g}, key=len)", (nested,), many, lambda rows: max(rows, key=len))
        template = "[list(column) for column in zip(*{0})]"
        yield Component(template, (nested,), nested, lambda rows: tuple(zip(*rows)), item="row")
        yield Component("max({0:g}, key=sum)", (GRID,), NUMBERS, lambda rows: max(rows, key=sum), 2)
