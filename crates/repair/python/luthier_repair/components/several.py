"""Of two values or three."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import ADDED, COMPARED, LOOSE, MULTIPLIED, PRIMARY, Component, kept, quoted
from .bounds import bounded, few, power, whole
from .each import filtered, mapped
from .literals import Literals
from .sorts import BOOL, BOOLS, LIST_OF, NUMBER, NUMBERS, TEXT, TEXTS

# Sign, what it does, and what it asks of what is right of it.
ARITHMETIC: tuple[tuple[str, Callable[[Any, Any], Any], str], ...] = (
    ("+", lambda one, other: one + other, "m"),
    ("-", lambda one, other: one - other, "m"),
    ("*", lambda one, other: bounded(one * other), "p"),
    ("/", lambda one, other: one / other, "p"),
    ("//", lambda one, other: one // other, "p"),
    ("%", lambda one, other: one % other, "p"),
)
COMPARISONS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    (">", lambda one, other: one > other),
    (">=", lambda one, other: one >= other),
    ("<", lambda one, other: one < other),
    ("<=", lambda one, other: one <= other),
    ("==", lambda one, other: one == other),
)
OF_TEXTS: tuple[tuple[str, Callable[[str, str], bool], int], ...] = (
    ("{0:p}.startswith({1})", str.startswith, PRIMARY),
    ("{0:p}.endswith({1})", str.endswith, PRIMARY),
    ("{1:c} in {0:c}", lambda text, part: part in text, COMPARED),
    ("{0:c} == {1:a}", lambda text, other: text == other, COMPARED),
    ("{0:c} != {1:a}", lambda text, other: text != other, COMPARED),
    ("{1:c} not in {0:c}", lambda text, part: part not in text, COMPARED),
)


def two_numbers() -> Iterator[Component]:
    def one(template: str, apply: Callable[..., Any], cost: int = 1, gives: str = NUMBER, **more: Any) -> Component:
        return Component(template, (NUMBER, NUMBER), gives, apply, cost, **more)

    for sign, apply, right in ARITHMETIC:
        level, left = (ADDED, "a") if sign in "+-" else (MULTIPLIED, "m")
        template = f"{{0:{left}}} {sign} {{1:{right}}}"
        yield one(template, apply, level=level, others_max=3)
        yield mapped(one(template, apply, level=level), (NUMBERS, NUMBER), 2)
    yield one("max({0}, {1})", max, others_max=2)
    yield one("min({0}, {1})", min, others_max=2)
    yield one("{0:p} ** {1:p}", power, level=MULTIPLIED)
    yield one("math.gcd({0}, {1})", math.gcd, needs="math")
    yield one("math.lcm({0}, {1})", math.lcm, needs="math")
    yield one("math.hypot({0}, {1})", math.hypot, 2, needs="math")
    yield one("{0:m} * {1:p} / 100", lambda one, percent: one * percent / 100, 2, level=MULTIPLIED)
    yield one("round({0}, {1})", round, 2)
    yield one("list(divmod({0}, {1}))", divmod, gives=NUMBERS)
    yield one("list(range({0}, {1}))", lambda low, high: _range(low, high), 2, NUMBERS)
    yield one("list(range({0}, {1:a} + 1))", lambda low, high: _range(low, high + 1), 2, NUMBERS)
    for sign, holds in COMPARISONS:
        template = f"{{0:c}} {sign} {{1:a}}"
        yield one(template, holds, gives=BOOL, level=COMPARED, others_max=2)
        yield filtered(one(template, holds, gives=BOOL, level=COMPARED), (NUMBERS, NUMBER))


def _range(low: Any, end: Any) -> tuple[int, ...]:
    few(whole(end) - whole(low))
    return tuple(range(low, end))


def two_texts() -> Iterator[Component]:
    def one(template: str, gives: str, apply: Callable[..., Any], **more: Any) -> Component:
        return Component(template, (TEXT, TEXT), gives, apply, **more)

    for template, holds, level in OF_TEXTS:
        yield one(template, BOOL, holds, level=level, others_max=2)
        yield filtered(one(template, BOOL, holds, level=level), (TEXTS, TEXT))
    same_letters = "sorted({0}) == sorted({1})"
    yield one(same_letters, BOOL, lambda a, b: sorted(a) == sorted(b), level=COMPARED, others_max=2)
    yield one("{0:p}.count({1})", NUMBER, str.count)
    yield one("{0:p}.find({1})", NUMBER, str.find)
    yield one("{0:p}.split({1})", TEXTS, lambda text, mark: tuple(text.split(mark)), item="part")
    yield one("{0:p}.removeprefix({1})", TEXT, str.removeprefix)
    yield one("{0:p}.removesuffix({1})", TEXT, str.removesuffix)
    yield one("{0:p}.strip({1})", TEXT, str.strip)
    yield one("{0:p}.partition({1})[0]", TEXT, lambda text, mark: text.partition(mark)[0], cost=2)
    yield one("{0:p}.partition({1})[2]", TEXT, lambda text, mark: text.partition(mark)[2], cost=2)
    yield one('{0:p}.replace({1}, "")', TEXT, lambda text, old: text.replace(old, ""))
    yield Component("{0:p}.replace({1}, {2})", (TEXT, TEXT, TEXT), TEXT, _replaced)
    yield Component("{1:p}.join({0:g})", (TEXTS, TEXT), TEXT, lambda texts, mark: mark.join(texts))


def _replaced(text: str, old: str, new: str) -> str:
    return text.replace(old, new) if old else text


def texts_and_numbers() -> Iterator[Component]:
    def one(template: str, apply: Callable[..., Any], cost: int = 1, **more: Any) -> Component:
        return Component(template, (TEXT, NUMBER), TEXT, apply, cost, **more)

    yield one("{0:p} * {1:p}", lambda text, times: text * few(times), level=MULTIPLIED)
    yield one("{0:p}[:{1}]", lambda text, count: text[: whole(count)], others_max=2)
    yield one("{0:p}[{1}:]", lambda text, count: text[whole(count) :])
    yield one("{0:p}[-{1:p}:]", lambda text, count: text[-whole(count) :], 2)
    yield one("{0:p}[{1}]", lambda text, place: text[place])
    yield one("{0:p}.zfill({1})", lambda text, length: text.zfill(few(length)))
    for method in ("rjust", "ljust", "center"):
        pad = getattr(str, method)
        yield one(f"{{0:p}}.{method}({{1}})", lambda text, length, pad=pad: pad(text, few(length)))
        apply = lambda text, length, fill, pad=pad: pad(text, few(length), fill)  # noqa: E731
        yield Component(f"{{0:p}}.{method}({{1}}, {{2}})", (TEXT, NUMBER, TEXT), TEXT, apply)
    for sign, holds in COMPARISONS:
        by_length = lambda text, bound, holds=holds: holds(len(text), bound)  # noqa: E731
        inner = Component(f"len({{0}}) {sign} {{1:a}}", (TEXT, NUMBER), BOOL, by_length, level=COMPARED)
        yield filtered(inner, (TEXTS, NUMBER))


def lists_and_items() -> Iterator[Component]:
    for many, single in ((TEXTS, TEXT), (NUMBERS, NUMBER)):

        def one(template: str, apply: Callable[..., Any], cost: int = 1, **more: Any) -> Component:
            return Component(template, (many, NUMBER), more.pop("gives", many), apply, cost, **more)

        yield one("{0:p}[:{1}]", lambda items, count: items[: whole(count)])
        yield one("{0:p}[{1}:]", lambda items, count: items[whole(count) :])
        yield one("{0:p}[-{1:p}:]", lambda items, count: items[-whole(count) :], 2)
        yield one("{0:p}[{1}]", lambda items, place: items[place], gives=single)
        yield one("{0:p}[{1:a} - 1]", lambda items, place: items[place - 1], 2, gives=single)
        yield one("{0:p}[{1}:] + {0:p}[:{1}]", lambda items, by: items[by:] + items[:by], 2, level=ADDED)
        yield one("{0:p}[::{1}]", lambda items, step: items[::step], 2)
        template = "[{0:p}[start : start + {1:m}] for start in range(0, len({0}), {1})]"
        yield one(template, _chunks, 2, gives=LIST_OF[many])
        count = "{0:p}.count({1})"
        yield Component(count, (many, single), NUMBER, lambda items, item: items.count(item))
        yield Component("{1:c} in {0:c}", (many, single), BOOL, lambda items, item: item in items, level=COMPARED)
        template = "[item for item in {0} if item != {1:a}]"
        yield Component(template, (many, single), many, lambda items, other: tuple(i for i in items if i != other))
        yield Component("{0:p} + [{1}]", (many, single), many, lambda items, item: (*items, item), 2, ADDED)


def _chunks(items: Any, size: int) -> Any:
    return tuple(items[start : start + size] for start in range(0, len(items), size))


def two_lists(literals: Literals) -> Iterator[Component]:
    for many in (TEXTS, NUMBERS):

        def one(template: str, apply: Callable[..., Any], gives: str = many, **more: Any) -> Component:
            return Component(template, (many, many), gives, apply, **more)

        yield one("{0:a} + {1:m}", lambda a, b: a + b, level=ADDED)
        yield one("[item for item in {0} if item in {1:c}]", lambda a, b: tuple(i for i in a if i in b))
        yield one("[item for item in {0} if item not in {1:c}]", lambda a, b: tuple(i for i in a if i not in b))
        yield one("[list(pair) for pair in zip({0}, {1})]", lambda a, b: tuple(zip(a, b)), LIST_OF[many], item="pair")
    for sign, apply, _ in ARITHMETIC[:4]:
        template = f"[left {sign} right for left, right in zip({{0}}, {{1}})]"
        each = lambda a, b, apply=apply: tuple(map(apply, a, b))  # noqa: E731
        yield Component(template, (NUMBERS, NUMBERS), NUMBERS, each)
    for mark in literals.into_outputs:
        inside = kept(quoted(kept(mark))[1:-1])
        template = f'[f"{{{{left}}}}{inside}{{{{right}}}}" for left, right in zip({{0}}, {{1}})]'
        told = lambda a, b, mark=mark: tuple(f"{x}{mark}{y}" for x, y in zip(a, b))  # noqa: E731
        yield Component(template, (TEXTS, TEXTS), TEXTS, told, 2)
        yield Component(template, (TEXTS, NUMBERS), TEXTS, told, 2)


def tests() -> Iterator[Component]:
    """Of what is yes or no already."""
    two = (BOOL, BOOL)
    yield Component("{0:c} and {1:c}", two, BOOL, lambda a, b: a and b, level=LOOSE, others_max=2)
    yield Component("{0:c} or {1:c}", two, BOOL, lambda a, b: a or b, level=LOOSE, others_max=2)
    yield Component("not {0:c}", (BOOL,), BOOL, lambda a: not a, level=LOOSE)
    yield Component("any({0:g})", (BOOLS,), BOOL, any)
    yield Component("all({0:g})", (BOOLS,), BOOL, all)
    yield Component("sum({0:g})", (BOOLS,), NUMBER, sum, 2)
