"""Linear Thompson sampling (Agrawal and Goyal 2013): each arm is picked as often as it is likely the best.

Feedback and what is kept are LinUCB's (see `linear`); `alpha` is the spread of what is drawn, in units of the
doubt. The chances are computed instead of drawn, so that they can be told: with independent normal rewards, the
chance that an arm is best is one integral.
"""

from collections.abc import Mapping, Sequence
from math import erf, exp, fsum, sqrt
from typing import Any

from lib.tuning import arms
from lib.tuning.linear import begin, estimates, update

__all__ = ["begin", "chances", "update"]

# Places of the integral, evenly over this many spreads to each side: right to 1e-8 for arms alike in spread.
STEPS = 96
SPREADS = 6.0
_GRID = tuple(SPREADS * (2 * step + 1 - STEPS) / STEPS for step in range(STEPS))
_WEIGHTS = tuple(exp(-place * place / 2) for place in _GRID)


def chances(state: Mapping[str, Any], features: Sequence[float], epsilon: float = 0.0) -> dict[str, float]:
    """How likely each arm is picked."""
    alpha = state["alpha"]
    found = {arm: (mean, alpha * doubt) for arm, (mean, doubt) in estimates(state, features).items()}
    return arms.mixed(best_of_normals(found), epsilon)


def best_of_normals(arms_found: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """The chance of each of some normal variables, given as mean and spread, to be the greatest."""
    if any(spread <= 0 for _, spread in arms_found.values()):
        return arms.best_of({arm: mean for arm, (mean, _) in arms_found.items()})
    made: dict[str, float] = {}
    for arm, (mean, spread) in arms_found.items():
        products = list(_WEIGHTS)
        for other, (other_mean, other_spread) in arms_found.items():
            if other != arm:
                scale = 1 / (other_spread * sqrt(2))
                shift, slope = (mean - other_mean) * scale, spread * scale
                products = [
                    product * (1 + erf(shift + slope * place))
                    for product, place in zip(products, _GRID, strict=True)
                ]
        made[arm] = fsum(products)
    total = fsum(made.values())
    return {arm: share / total for arm, share in made.items()}
