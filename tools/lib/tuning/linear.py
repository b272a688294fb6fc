"""What LinUCB and linear Thompson sampling know: for each arm a ridge regression of reward on features.

An arm holds `theta`, the weights, and `inverse`, the upper triangle of (ridge + sum of x xT)^-1 row by row,
from which come the doubt about a reward and, by Sherman and Morrison, the next inverse. An arm that was never
pulled holds neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, combinations_with_replacement, repeat
from math import fsum, isfinite, sqrt
from operator import itemgetter, mul, sub
from typing import Any

VERSION = 1
DIMENSION_MAX = 256

State = dict[str, Any]


def begin(arms: Iterable[str], dimension: int, alpha: float = 1.0, ridge: float = 1.0) -> State:
    """Knows nothing yet. `alpha` is how much doubt counts, `ridge` how strongly weights are held near 0."""
    if not 1 <= dimension <= DIMENSION_MAX:
        raise ValueError(f"the dimension is 1 to {DIMENSION_MAX}, not {dimension}")
    fresh = {arm: {"pulls": 0} for arm in arms}
    return {"version": VERSION, "dimension": dimension, "alpha": alpha, "ridge": ridge, "arms": fresh}


def estimates(state: Mapping[str, Any], features: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Of each arm the reward to expect for these features, and the standard error of that in units of noise."""
    x = _checked(features, state["dimension"])
    pairs, pick = _pairs(x)
    squared = fsum(map(mul, x, x)) / state["ridge"]
    made: dict[str, tuple[float, float]] = {}
    for name, arm in state["arms"].items():
        if "theta" not in arm:
            made[name] = (0.0, sqrt(squared))
            continue
        inverse = arm["inverse"] if pick is None else pick(arm["inverse"])
        doubt = fsum(map(mul, inverse, pairs))
        made[name] = (fsum(map(mul, arm["theta"], x)), sqrt(max(doubt, 0.0)))
    return made


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """Learns from `{"arm", "features", "reward"}`."""
    size, reward = state["dimension"], feedback["reward"]
    x = _checked(feedback["features"], size)
    if not isfinite(reward):
        raise ValueError(f"a reward is a finite number, not {reward}")
    arm = state["arms"][feedback["arm"]]
    theta, inverse = arm.get("theta"), arm.get("inverse")
    if theta is None:
        theta = [0.0] * size
        inverse = [value for row in range(size) for value in (1.0 / state["ridge"], *[0.0] * (size - 1 - row))]
    gain, scale = _gain(inverse, x)
    error = (reward - fsum(map(mul, theta, x))) / scale
    learned = {
        "pulls": arm["pulls"] + 1,
        "theta": [weight + error * part for weight, part in zip(theta, gain, strict=True)],
        "inverse": _downdated(inverse, gain, scale),
    }
    return {**state, "arms": {**state["arms"], feedback["arm"]: learned}}


def _checked(features: Sequence[float], size: int) -> list[float]:
    if len(features) != size:
        raise ValueError(f"there are {len(features)} features, and the state has {size}")
    x = [float(value) for value in features]
    if not all(map(isfinite, x)):
        raise ValueError("features are finite numbers")
    return x


def _pairs(x: list[float]) -> tuple[list[float], Any]:
    """The products that a quadratic form is a sum of, and what picks their places in a triangle; None is all."""
    size = len(x)
    there = [at for at, value in enumerate(x) if value]
    if len(there) < 2:
        there = list(range(size))
    values = [x[at] for at in there]
    products = [2.0 * one * other for one, other in combinations_with_replacement(values, 2)]
    at = 0
    for left in range(len(there), 0, -1):
        products[at] /= 2.0  # its own square stands there once
        at += left
    if len(there) == size:
        return products, None
    starts = [row * (2 * size - row - 1) // 2 for row in range(size)]
    return products, itemgetter(*[starts[row] + at for row, at in combinations_with_replacement(there, 2)])


@lru_cache(maxsize=8)
def _rows(size: int) -> list[Any]:
    """For each row of a matrix what picks it from a triangle."""
    starts = [row * (2 * size - row - 1) // 2 for row in range(size)]
    places = [[starts[min(row, at)] + max(row, at) for at in range(size)] for row in range(size)]
    # One place more than there is: what picks a single one gives no tuple.
    return [itemgetter(*row, row[-1]) for row in places]


def _gain(inverse: Sequence[float], x: list[float]) -> tuple[list[float], float]:
    """`inverse` times x, and 1 + xT inverse x."""
    parts = [map(mul, row(inverse), repeat(value)) for row, value in zip(_rows(len(x)), x, strict=True) if value]
    gain = list(map(fsum, zip(*parts, strict=True)))[: len(x)] or [0.0] * len(x)
    return gain, 1.0 + fsum(map(mul, gain, x))


def _downdated(inverse: Sequence[float], gain: list[float], scale: float) -> list[float]:
    size = len(gain)
    # The two factors of each place of the triangle, row by row.
    factors = chain.from_iterable(repeat(part / scale, size - row) for row, part in enumerate(gain))
    others = chain.from_iterable(gain[row:] for row in range(size))
    return list(map(sub, inverse, map(mul, factors, others)))
