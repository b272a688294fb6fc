"""Numbers on a straight line: a * x + b, from two points and checked by all others."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from . import judge
from .components.sorts import NUMBER
from .expressions import ADDED, MULTIPLIED, PRIMARY, Component, Node

DENOMINATOR_MAX = 1_000
NUMERATOR_MAX = 100_000
# Through fewer points there is always one.
POINTS_MIN = 3
# Through what is not there, but was computed in more than one step, a line is drawn only with so many of them.
POINTS_OF_COMPUTED_MIN = 5
# Such a step alone is a component of its own.
STEP_MAX = 12
# Of a factor, where what comes of it was rounded.
PLACES_MAX = 4
# Of what was rounded.
ROUNDED_TO_MAX = 2


class Line:
    """All lines for one target."""

    def __init__(self, target: tuple[Any, ...]) -> None:
        self._target = target
        self._is_whole = all(isinstance(value, int) for value in target)
        floats = [value for value in target if isinstance(value, float)]
        places = max((len(repr(value).partition(".")[2]) for value in floats), default=0)
        self._places = places if floats and places <= ROUNDED_TO_MAX else None

    def through(self, node: Node) -> Node | None:
        points = dict(zip(node.values, self._target))
        fewest = POINTS_MIN if node.cost < 2 else POINTS_OF_COMPUTED_MIN
        if len(points) < fewest or len(set(self._target)) < POINTS_MIN:
            return None
        low, high = min(points), max(points)
        if not all(math.isfinite(number) for number in (low, high, points[low], points[high])):
            return None
        rise = _fraction(points[high]) - _fraction(points[low])
        slope = (rise / (_fraction(high) - _fraction(low))).limit_denominator(DENOMINATOR_MAX)
        if not slope or slope in (1, -1) and self._is_one_step(points, slope):
            return None
        at = _fraction(points[low]) - slope * _fraction(low)
        exact = self._checked(node, points, slope, at, None) if self._is_plain(slope, at) else None
        return exact or self._rounded(node, points, slope, low)

    def _is_one_step(self, points: dict[Any, Any], slope: Fraction) -> bool:
        (x, y), *_ = points.items()
        return abs(y - slope * x) <= STEP_MAX

    def _is_plain(self, slope: Fraction, at: Fraction) -> bool:
        if self._is_whole:
            return slope.denominator == 1 and at.denominator == 1
        return slope.numerator < NUMERATOR_MAX and at.limit_denominator(DENOMINATOR_MAX) == at

    def _rounded(self, node: Node, points: dict[Any, Any], slope: Fraction, low: Any) -> Node | None:
        """One through zero, with pi or the shortest factor that there can be, or one through a whole number."""
        if self._places is None:
            return None
        places = self._places
        if all(judge.same(round(math.pi * x, places), y) for x, y in points.items()):
            apply = lambda x: round(math.pi * x, places)  # noqa: E731
            component = Component(f"round(math.pi * {{0:p}}, {places})", (NUMBER,), NUMBER, apply, 3, needs="math")
            return Node(component, (node,), (), node.cost + component.cost)
        factor = _shortest(points, Fraction(1, 2 * 10**self._places))
        if factor:
            made = self._checked(node, points, factor, Fraction(0), self._places)
            if made:
                return made
        for denominator in (10, 100):
            near = slope.limit_denominator(denominator)
            if near:
                zero = (_fraction(points[low]) / near - _fraction(low)).limit_denominator(1)
                made = self._checked(node, points, near, zero * near, self._places)
                if made:
                    return made
        return None

    def _checked(
        self, node: Node, points: dict[Any, Any], slope: Fraction, at: Fraction, places: int | None
    ) -> Node | None:
        template, level, apply = _line(slope, at)
        if places is not None:
            straight = apply
            template, level, apply = f"round({template}, {places})", PRIMARY, lambda x: round(straight(x), places)
        if not all(judge.same(apply(x), y) for x, y in points.items()):
            return None
        digits = len(f"{abs(slope.numerator)}{slope.denominator}{abs(at.numerator)}{at.denominator}")
        cost = node.cost + 2 + digits // 3 + (places is not None)
        return Node(Component(template, (NUMBER,), NUMBER, apply, cost, level), (node,), (), cost)


def _shortest(points: dict[Any, Any], half: Fraction) -> Fraction | None:
    """The decimal of the fewest places with which all products round to what they should."""
    low, high = None, None
    for x, y in points.items():
        if x:
            ends = sorted((_fraction(y) + sign * half) / _fraction(x) for sign in (-1, 1))
            low = ends[0] if low is None else max(low, ends[0])
            high = ends[1] if high is None else min(high, ends[1])
    if low is None or high is None:
        return None
    decimals = (Fraction(math.ceil(low * 10**places), 10**places) for places in range(PLACES_MAX + 1))
    return next((decimal for decimal in decimals if decimal <= high), None)


def _fraction(number: Any) -> Fraction:
    return Fraction(str(number))


def _line(slope: Fraction, at: Fraction) -> tuple[str, int, Callable[[Any], Any]]:
    """As one would write it: decimals where there are some, and first what is taken away where that is whole."""
    zero = at / slope
    if slope.denominator > 1 and zero.denominator == 1 and zero and at.denominator > 1:
        over, under, whole = slope.numerator, slope.denominator, int(zero)
        times = "" if over == 1 else f" * {over}"
        return f"({{0:a}}{_signed(whole)}){times} / {under}", MULTIPLIED, lambda x: (x + whole) * over / under
    template, straight = _product(_plain(slope))
    if not at:
        return template, MULTIPLIED, straight
    shift = _plain(at)
    shift = float(shift) if isinstance(shift, Fraction) else shift
    return f"{template}{_signed(shift)}", ADDED, lambda x: straight(x) + shift


def _signed(number: Any) -> str:
    return f" {'+' if number > 0 else '-'} {abs(number)}"


def _product(factor: Any) -> tuple[str, Callable[[Any], Any]]:
    if isinstance(factor, Fraction):
        over, under = factor.numerator, factor.denominator
        times = "" if over == 1 else f" * {over}"
        return f"{{0:m}}{times} / {under}", lambda x: x * over / under
    if factor == 1:
        return "{0:a}", lambda x: x
    return f"{{0:m}} * {factor}", lambda x: x * factor


def _plain(number: Fraction) -> Any:
    """A whole number, a decimal of a few places, or the fraction itself."""
    if number.denominator == 1:
        return int(number)
    return float(number) if 10**PLACES_MAX % number.denominator == 0 else number
