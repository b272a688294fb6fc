"""Choosing among arms: chances instead of a choice, so that each pick can say how likely it was."""

from collections.abc import Mapping
from typing import Any

# A chance is told to nine digits, and so it is picked by.
DIGITS = 9


def best_of(values: Mapping[str, float], epsilon: float = 0.0) -> dict[str, float]:
    """The best arms share what exploring does not take; exploring takes `epsilon`, the same of each."""
    best = max(values.values())
    leaders = [arm for arm, value in values.items() if value == best]
    explored = epsilon / len(values)
    return {arm: explored + (value == best) * (1 - epsilon) / len(leaders) for arm, value in values.items()}


def mixed(chances: Mapping[str, float], epsilon: float) -> dict[str, float]:
    """Chances of which exploring takes `epsilon`."""
    explored = epsilon / len(chances)
    return {arm: explored + (1 - epsilon) * chance for arm, chance in chances.items()}


def draw(chances: Mapping[str, float], rng: Any) -> tuple[str, float]:
    """An arm, and the chance that it had."""
    arm: str = rng.choices(list(chances), weights=list(chances.values()))[0]
    return arm, round(chances[arm], DIGITS)
