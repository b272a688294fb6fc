"""Of one number: another, a list, a text, or yes and no."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterator
from typing import Any

from ..expressions import ADDED, COMPARED, LOOSE, MULTIPLIED, Component, quoted
from .bounds import bounded, few, whole
from .literals import CONSTANTS, Literals
from .sorts import BOOL, NUMBER, NUMBERS, TEXT

# What one adds and multiplies with more often than with others.
USUAL = (1, 2, 10, 60, 100)
DIVISORS = (3, 4, 5, 10)
PLACES = (1, 2, 3)
FACTORIAL_MAX = 17
FILLINGS = "*-=#.+"

TESTS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("{0:c} > 0", lambda number: number > 0),
    ("{0:c} < 0", lambda number: number < 0),
    ("{0:m} % 2 == 0", lambda number: number % 2 == 0),
    ("{0:m} % 2 == 1", lambda number: number % 2 == 1),
    ("{0:c} >= 0", lambda number: number >= 0),
    ("{0:c} != 0", lambda number: number != 0),
    ("{0:c} == 0", lambda number: number == 0),
    ("{0:c} == 1", lambda number: number == 1),
    ("{0:c} > 1", lambda number: number > 1),
    ("{0:c} > 10", lambda number: number > 10),
    ("{0:c} >= 10", lambda number: number >= 10),
    ("{0:c} > 100", lambda number: number > 100),
)
FORMATS = (
    *((".2f", 1), (".1f", 1), (",", 1), (",.2f", 2), (".0f", 2), (".3f", 2), (".1%", 1), (".0%", 1), (".2%", 2)),
    *(("b", 1), ("x", 1), ("X", 2), ("o", 2), ("02d", 1), ("03d", 1), ("04d", 2), ("05d", 2), ("02x", 2), ("02X", 2)),
)


def numbers() -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], Any], cost: int = 1, is_each: bool = True, **more: Any) -> Component:
        return Component(template, (NUMBER,), NUMBER, apply, cost, is_each=is_each, **more)

    yield one("abs({0})", abs)
    yield one("-{0:p}", lambda number: -number, level=MULTIPLIED)
    yield one("{0:p} * {0:p}", lambda number: bounded(number * number), level=MULTIPLIED)
    yield one("{0:p} ** 3", lambda number: bounded(number**3), 2, level=MULTIPLIED)
    yield one("round({0})", round)
    yield one("int({0})", int)
    for places in PLACES:
        cost = 1 if places < 3 else 2
        yield one(f"round({{0}}, {places})", lambda number, places=places: round(number, places), cost)
    yield one("math.floor({0})", math.floor, 2, needs="math")
    yield one("math.ceil({0})", math.ceil, 2, needs="math")
    yield one("math.sqrt({0})", math.sqrt, 2, needs="math")
    yield one("math.pi * {0:p}", lambda number: math.pi * number, 2, needs="math", level=MULTIPLIED)
    yield one("math.radians({0})", math.radians, 2, needs="math")
    yield one("math.degrees({0})", math.degrees, 2, needs="math")
    yield one("max({0}, 0)", lambda number: max(number, 0))
    yield one("min({0}, 100)", lambda number: min(number, 100), is_each=False)
    yield one("min({0}, 1)", lambda number: min(number, 1), 2, is_each=False)
    yield one("math.factorial({0})", _factorial, 2, needs="math")
    yield one("sum(range({0:a} + 1))", lambda number: number * (number + 1) // 2 if whole(number) > 0 else 0, 3, False)
    yield one("({0:c} > 0) - ({0:c} < 0)", lambda number: (number > 0) - (number < 0), 2, level=ADDED)
    yield one("len(str({0}))", lambda number: len(str(whole(number))), 2)
    yield one("int(str({0})[::-1])", lambda number: int(str(whole(number))[::-1]), 3)
    for constant in CONSTANTS:
        yield from _arithmetic(one, constant)
    yield one("{0:m} // 60 % 60", lambda number: number // 60 % 60, 2, False, level=MULTIPLIED)


def _factorial(number: Any) -> int:
    if whole(number) > FACTORIAL_MAX:
        raise ValueError
    return math.factorial(number)


def _arithmetic(one: Callable[..., Component], by: int) -> Iterator[Component]:
    cost, is_each = (1, True) if by in USUAL else (2, False)
    yield one(f"{{0:m}} * {by}", lambda number: bounded(number * by), cost, is_each, level=MULTIPLIED)
    yield one(f"{{0:a}} + {by}", lambda number: number + by, cost, is_each, level=ADDED)
    yield one(f"{{0:a}} - {by}", lambda number: number - by, cost, is_each, level=ADDED)
    if by == 1:
        return
    yield one(f"{{0:m}} / {by}", lambda number: number / by, cost, is_each, level=MULTIPLIED)
    yield one(f"{{0:m}} // {by}", lambda number: number // by, cost, is_each, level=MULTIPLIED)
    yield one(f"{{0:m}} % {by}", lambda number: number % by, cost, is_each, level=MULTIPLIED)


def numbers_to_lists() -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], Any], cost: int = 2, item: str = "number") -> Component:
        return Component(template, (NUMBER,), NUMBERS, apply, cost, item=item)

    yield one("list(range({0}))", lambda number: tuple(range(few(number))))
    yield one("list(range(1, {0:a} + 1))", lambda number: tuple(range(1, few(number) + 1)))
    yield one("[int(digit) for digit in str({0})]", lambda number: tuple(map(int, str(whole(number)))), 2, "digit")


def numbers_to_tests() -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], bool], cost: int, **more: Any) -> Component:
        return Component(template, (NUMBER,), BOOL, apply, cost, is_each=True, **{"level": COMPARED, **more})

    for template, apply in TESTS:
        yield one(template, apply, 1)
    for by in DIVISORS:
        yield one(f"{{0:m}} % {by} == 0", lambda number, by=by: number % by == 0, 2)
    yield one("calendar.isleap({0})", calendar.isleap, 2, level=LOOSE, needs="calendar")
    template = "{0:c} > 1 and all({0:m} % divisor for divisor in range(2, {0}))"
    yield one(template, _is_prime, 3, level=LOOSE)


def _is_prime(number: Any) -> bool:
    return whole(number) > 1 and all(number % divisor for divisor in range(2, few(number)))


def numbers_to_texts(literals: Literals) -> Iterator[Component]:
    def one(template: str, apply: Callable[[Any], str], cost: int = 1, **more: Any) -> Component:
        return Component(template, (NUMBER,), TEXT, apply, cost, is_each=True, **more)

    yield one("str({0})", str, field="{0}")
    for told, cost in FORMATS:
        is_likely = "." in told and "." in literals.given or "%" in told and "%" in literals.given
        if is_likely or "." not in told and ("," not in told or "," in literals.given):
            template = f'f"{{{{{{0}}:{told}}}}}"'
            yield one(template, lambda number, told=told: format(number, told), cost, field=f"{{0}}:{told}")
    for mark in FILLINGS:
        if mark in literals.given:
            yield one(f"{quoted(mark)} * {{0:p}}", lambda number, mark=mark: mark * few(number), 2, level=MULTIPLIED)
