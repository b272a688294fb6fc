"""Thompson sampling for rewards that are hits and misses: each arm is picked as often as it is likely the best.

The state is UCB1's, `{"arms": {name: {"pulls", "reward_sum"}}, "rewards": [low, high]}`: an arm's chance to hit is
distributed as Beta(1 + hits, 1 + misses), where a reward between low and high counts as a part of a hit. The
chances are computed instead of drawn, so that they can be told.
"""

from collections.abc import Mapping
from itertools import accumulate
from math import exp, fsum, log, sqrt
from operator import mul
from typing import Any

from lib.tuning import arms
from lib.tuning.ucb1 import update

__all__ = ["chances", "update"]

# Places of the integral: this many for each arm, where that arm is likely, shared by all.
STEPS = 48
SPREADS = 5.0


def chances(state: Mapping[str, Any], epsilon: float = 0.0) -> dict[str, float]:
    """How likely each arm is picked."""
    low, high = state.get("rewards", (-1.0, 1.0))
    betas: dict[str, tuple[float, float]] = {}
    for name, arm in state["arms"].items():
        pulls = arm["pulls"]
        hits = min(max((arm["reward_sum"] - low * pulls) / (high - low), 0.0), pulls)
        betas[name] = (1 + hits, 1 + pulls - hits)
    return arms.mixed(best_of_betas(betas), epsilon)


def best_of_betas(betas: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The chance of each of some variables that are Beta(a, b) to be the greatest."""
    places = _places(list(betas.values()))
    middles = [(left + right) / 2 for left, right in zip(places, places[1:])]
    logs = [(log(place), log(1 - place)) for place in middles]
    widths = [right - left for left, right in zip(places, places[1:])]
    masses: dict[str, list[float]] = {}
    below: dict[str, list[float]] = {}
    for name, (a, b) in betas.items():
        heights = [(a - 1) * here + (b - 1) * there for here, there in logs]
        top = max(heights)
        mass = list(map(mul, map(exp, (height - top for height in heights)), widths))
        total = fsum(mass)
        masses[name] = [part / total for part in mass]
        # Half of a step counts as below its middle.
        below[name] = [
            sum_ - part / 2 for sum_, part in zip(accumulate(masses[name]), masses[name], strict=True)
        ]
    made: dict[str, float] = {}
    for name, mass in masses.items():
        products = mass
        for other, share in below.items():
            if other != name:
                products = list(map(mul, products, share))
        made[name] = fsum(products)
    total = fsum(made.values())
    return {name: share / total for name, share in made.items()}


def _places(betas: list[tuple[float, float]]) -> list[float]:
    """Where the integral is looked at: a grid over all, and a finer one where each variable is likely."""
    found = {step / STEPS for step in range(STEPS + 1)}
    for a, b in dict.fromkeys(betas):
        mean = a / (a + b)
        reach = SPREADS * sqrt(mean * (1 - mean) / (a + b + 1))
        steps = (mean + reach * (2 * step / STEPS - 1) for step in range(STEPS + 1))
        found.update(place for place in steps if 0 < place < 1)
    return sorted(found)
