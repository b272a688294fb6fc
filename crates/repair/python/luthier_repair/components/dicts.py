"""Of dictionaries and records."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import COMPARED, MULTIPLIED, Component, kept, quoted
from .bounds import bounded, digits
from .each import filtered
from .literals import Literals
from .sorts import BOOL, COUNTS, LIST_OF, MAPPING, NUMBER, NUMBERS, PAIRS, RECORD, RECORDS, TEXT, TEXTS

BOUNDS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = ((">", lambda v, k: v > k), (">=", lambda v, k: v >= k))
# By which signs a value of a record is compared with a parameter.
BESIDE: dict[str, tuple[tuple[str, Callable[[Any, Any], bool]], ...]] = {
    TEXT: (("==", lambda one, other: one == other), ("!=", lambda one, other: one != other)),
    NUMBER: (*BOUNDS, ("<", lambda one, other: one < other), ("<=", lambda one, other: one <= other)),
}
# Numbers of a record that may be multiplied with each other.
FACTORS_MAX = 4


def dicts(literals: Literals) -> Iterator[Component]:
    for kind, single in ((COUNTS, NUMBER), (MAPPING, TEXT)):

        def one(template: str, apply: Callable[[Any], Any], gives: str, cost: int = 1, **more: Any) -> Component:
            return Component(template, (kind,), gives, apply, cost, **more)

        many = LIST_OF[single]
        yield one("list({0})", tuple, TEXTS, item="key", source="{0}")
        yield one("list({0:p}.values())", lambda d: tuple(d.values()), many, item="value", source="{0:p}.values()")
        yield one("sorted({0})", lambda d: tuple(sorted(d)), TEXTS, item="key")
        yield one("sorted({0}, key={0:p}.get)", lambda d: tuple(sorted(d, key=d.get)), TEXTS, item="key")
        told = "sorted({0}, key={0:p}.get, reverse=True)"
        yield one(told, lambda d: tuple(sorted(d, key=d.get, reverse=True)), TEXTS, item="key")
        yield one("max({0}, key={0:p}.get)", lambda d: max(d, key=d.get), TEXT)
        yield one("min({0}, key={0:p}.get)", lambda d: min(d, key=d.get), TEXT)
        yield one("len({0})", len, NUMBER)
        told = "{{key: value for key, value in {0:p}.items() if value}}"
        yield one(told, lambda d: {key: value for key, value in d.items() if value}, kind)
        told = "{{key.lower(): value for key, value in {0:p}.items()}}"
        yield one(told, lambda d: {key.lower(): value for key, value in d.items()}, kind)
        told = "{{key.upper(): value for key, value in {0:p}.items()}}"
        yield one(told, lambda d: {key.upper(): value for key, value in d.items()}, kind, 2)
        yield Component("{0:p}[{1}]", (kind, TEXT), single, lambda d, key: d[key])
        for told, default in (("0", 0),) if single == NUMBER else (('""', ""), ("{1}", None)):
            apply = lambda d, key, default=default: d.get(key, key if default is None else default)  # noqa: E731
            yield Component(f"{{0:p}}.get({{1}}, {told})", (kind, TEXT), single, apply)
        yield Component("{{**{0}, **{1}}}", (kind, kind), kind, lambda one, other: {**one, **other})
        yield from _by_keys(kind, many)
        for mark in literals.into_outputs:
            apply = lambda d, mark=mark: tuple(f"{key}{mark}{value}" for key, value in d.items())  # noqa: E731
            inside = kept(quoted(kept(mark))[1:-1])
            told = f'[f"{{{{key}}}}{inside}{{{{value}}}}" for key, value in {{0:p}}.items()]'
            yield one(told, apply, TEXTS, 1, item="part")
    told = "{{value: key for key, value in {0:p}.items()}}"
    yield Component(told, (MAPPING,), MAPPING, lambda d: {value: key for key, value in d.items()})
    yield from _counts()


def _by_keys(kind: str, many: str) -> Iterator[Component]:
    told = "[{0:p}[key] for key in {1}]"
    yield Component(told, (kind, TEXTS), many, lambda d, keys: tuple(d[key] for key in keys))
    yield Component("dict(zip({0}, {1}))", (TEXTS, many), kind, lambda keys, values: dict(zip(keys, values)))
    for has in ("in", "not in"):
        told = f"{{{{key: value for key, value in {{0:p}}.items() if key {has} {{1:c}}}}}}"
        apply = lambda d, keys, has=has: {k: v for k, v in d.items() if (k in keys) == (has == "in")}  # noqa: E731
        yield Component(told, (kind, TEXTS), kind, apply)


def _counts() -> Iterator[Component]:
    template = "{{key: {0:p}.get(key, 0) + {1:p}.get(key, 0) for key in {{**{0}, **{1}}}}}"
    together = lambda a, b: {key: a.get(key, 0) + b.get(key, 0) for key in {**a, **b}}  # noqa: E731
    yield Component(template, (COUNTS, COUNTS), COUNTS, together, 2)
    yield Component("[list(pair) for pair in {0:p}.items()]", (COUNTS,), PAIRS, lambda d: tuple(d.items()), item="pair")
    template = "[list(pair) for pair in sorted({0:p}.items(), key=lambda pair: pair[1]{1})]"
    for order, is_down in (("", False), (", reverse=True", True)):
        apply = lambda d, is_down=is_down: tuple(sorted(d.items(), key=_second, reverse=is_down))  # noqa: E731
        yield Component(template.replace("{1}", order), (COUNTS,), PAIRS, apply, 2, item="pair")
    yield Component("dict({0})", (PAIRS,), COUNTS, dict)
    template = "[list(pair) for pair in zip({0}, {1})]"
    yield Component(template, (TEXTS, NUMBERS), PAIRS, lambda a, b: tuple(zip(a, b)), item="pair")


def _second(pair: Any) -> Any:
    return pair[1]


def values_compared() -> Iterator[Component]:
    for sign, holds in BOUNDS:
        template = f"{{{{key: value for key, value in {{0:p}}.items() if value {sign} {{1:a}}}}}}"
        apply = lambda d, bound, holds=holds: {k: v for k, v in d.items() if holds(v, bound)}  # noqa: E731
        yield Component(template, (COUNTS, NUMBER), COUNTS, apply)
        for bound in (0, 1, 2, 10):
            fixed = template.replace("{1:a}", str(bound))
            at = lambda d, apply=apply, bound=bound: apply(d, bound)  # noqa: E731
            yield Component(fixed, (COUNTS,), COUNTS, at, 2)


def values_changed() -> Iterator[Component]:
    changes: tuple[tuple[str, str, Callable[[Any], Any], int], ...] = (
        (MAPPING, "value.strip()", str.strip, 1),
        (MAPPING, "value.upper()", str.upper, 1),
        (MAPPING, "value.lower()", str.lower, 1),
        (MAPPING, "value.title()", str.title, 2),
        (COUNTS, "value * 2", lambda value: value * 2, 1),
        (COUNTS, "value + 1", lambda value: value + 1, 1),
        (COUNTS, "round(value, 2)", lambda value: round(value, 2), 2),
    )
    for kind, told, change, cost in changes:
        template = f"{{{{key: {told} for key, value in {{0:p}}.items()}}}}"
        yield Component(template, (kind,), kind, lambda d, change=change: {k: change(v) for k, v in d.items()}, cost)
    told = "{{key: value / sum({0:p}.values()) for key, value in {0:p}.items()}}"
    yield Component(told, (COUNTS,), COUNTS, lambda d: {k: v / sum(d.values()) for k, v in d.items()}, 2)
    told = "{{key: len(value) for key, value in {0:p}.items()}}"
    yield Component(told, (MAPPING,), COUNTS, lambda d: {k: len(v) for k, v in d.items()}, 2)
    told = "{{key: int(value) for key, value in {0:p}.items()}}"
    yield Component(told, (MAPPING,), COUNTS, lambda d: {k: digits(v) for k, v in d.items()})


def records(keys: list[tuple[str, str, str]]) -> Iterator[Component]:
    for of, key, kind in keys:
        told = kept(quoted(key))
        apply = lambda record, key=key: record[key]  # noqa: E731
        yield Component(f"{{0:p}}[{told}]", (of,), kind, apply, is_each=of == RECORD)
        if of == RECORD and kind in (TEXT, NUMBER):
            for call in ("sorted", "max", "min"):
                yield _by_key(call, key, told)
        if of == RECORD and kind in BESIDE:
            yield from _compared(key, told, kind)
    yield from _products([key for of, key, kind in keys if of == RECORD and kind == NUMBER])
    yield Component("len({0})", (RECORDS,), NUMBER, len)
    yield Component("{0:p}[0]", (RECORDS,), RECORD, lambda records: records[0])
    yield Component("{0:p}[-1]", (RECORDS,), RECORD, lambda records: records[-1])
    yield Component("{0:p}[::-1]", (RECORDS,), RECORDS, lambda records: records[::-1])


def _by_key(call: str, key: str, told: str) -> Component:
    of = {"sorted": lambda *given, **named: tuple(sorted(*given, **named)), "max": max, "min": min}[call]
    template = f"{call}({{0:g}}, key=lambda {{0.item}}: {{0.item}}[{told}])"
    apply = lambda records: of(records, key=lambda record: record[key])  # noqa: E731
    return Component(template, (RECORDS,), RECORDS if call == "sorted" else RECORD, apply)


def _compared(key: str, told: str, kind: str) -> Iterator[Component]:
    for sign, holds in BESIDE[kind]:
        test = lambda record, other, holds=holds: holds(record[key], other)  # noqa: E731
        template = f"{{0:p}}[{told}] {sign} {{1:a}}"
        yield filtered(Component(template, (RECORD, kind), BOOL, test, level=COMPARED), (RECORDS, kind))


def _products(keys: list[str]) -> Iterator[Component]:
    for one, other in itertools.combinations(keys[:FACTORS_MAX], 2):
        template = f"{{0:p}}[{kept(quoted(one))}] * {{0:p}}[{kept(quoted(other))}]"
        apply = lambda record, one=one, other=other: bounded(record[one] * record[other])  # noqa: E731
        yield Component(template, (RECORD,), NUMBER, apply, 2, MULTIPLIED, is_each=True)
