"""Regression that learns from one example at a time: `linear` for numbers, `logistic` for yes and no.

The steps are Adagrad's, each feature in its own measure. A logistic one also keeps how its predictions came true in
bins, and calibrates by them the threshold above which the answer is yes.
"""

from collections.abc import Mapping
from math import exp, fsum, isfinite, sqrt
from typing import Any

VERSION = 1
FEATURES_MAX = 1000
BINS = 50
# Predictions are counted for the threshold once the weights have settled a little.
WARM_UP = 20

State = dict[str, Any]


def begin(kind: str, rate: float = 0.5, l2: float = 0.0, precision_min: float | None = None) -> State:
    """Knows nothing yet. With `precision_min`, yes is said only as surely as that; else as rightly as can be."""
    if kind not in ("linear", "logistic"):
        raise ValueError(f"a regression is linear or logistic, not {kind!r}")
    state: State = {
        "version": VERSION, "kind": kind, "rate": rate, "l2": l2, "examples": 0, "weights": {}, "steps": {},
    }  # fmt: skip
    if kind == "logistic":
        state |= {"bins": [[0, 0] for _ in range(BINS)], "threshold": 0.5, "precision_min": precision_min}
    return state


def predict(state: Mapping[str, Any], features: Mapping[str, float]) -> float:
    """What to expect: a number, or the chance of yes. Features that were never seen count nothing."""
    weights = state["weights"]
    total = fsum([weights.get("", 0.0), *(weights.get(name, 0.0) * value for name, value in features.items())])
    return total if state["kind"] == "linear" else _logistic(total)


def says_yes(state: Mapping[str, Any], features: Mapping[str, float]) -> bool:
    """Is the chance of yes above the calibrated threshold?"""
    return predict(state, features) >= state["threshold"]


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """Learns from `{"features": {name: number}, "outcome": number}`; the outcome of a logistic one is 0 or 1."""
    features, outcome = feedback["features"], feedback["outcome"]
    if not isfinite(outcome) or not all(map(isfinite, features.values())) or "" in features:
        raise ValueError("features have names and finite numbers, and so has the outcome a finite number")
    if state["kind"] == "logistic" and outcome not in (0, 1):
        raise ValueError(f"the outcome of a logistic regression is 0 or 1, not {outcome}")
    if len(state["weights"].keys() | features.keys()) > FEATURES_MAX:
        raise ValueError(f"there are more than {FEATURES_MAX} features")
    expected = predict(state, features)
    weights, steps = dict(state["weights"]), dict(state["steps"])
    for name, value in (("", 1.0), *features.items()):
        slope = (expected - outcome) * value + state["l2"] * weights.get(name, 0.0)
        if slope:
            steps[name] = steps.get(name, 0.0) + slope * slope
            weights[name] = weights.get(name, 0.0) - state["rate"] * slope / sqrt(steps[name])
    learned = {**state, "examples": state["examples"] + 1, "weights": weights, "steps": steps}
    if state["kind"] == "logistic" and state["examples"] >= WARM_UP:
        # What was predicted before the outcome was known is a fair test.
        place = min(int(expected * BINS), BINS - 1)
        bins = [list(counts) for counts in state["bins"]]
        bins[place][int(outcome)] += 1
        learned |= {"bins": bins, "threshold": threshold(bins, state["precision_min"])}
    return learned


def threshold(bins: list[list[int]], precision_min: float | None) -> float:
    """The threshold that is right most often, or the lowest one with that precision; 1.01 says never yes."""
    missed, found = 0, sum(yes for _, yes in bins)
    false = sum(no for no, _ in bins)
    best, least = 0.5, missed + found + false + 1
    for place, (no, yes) in enumerate(bins):
        here, errors = place / BINS, missed + false
        if precision_min is not None:
            if found and found >= precision_min * (found + false):
                return here
        elif (errors, abs(here - 0.5)) < (least, abs(best - 0.5)):
            best, least = here, errors
        missed, found, false = missed + yes, found - yes, false - no
    return best if precision_min is None else 1.01


def _logistic(x: float) -> float:
    if x >= 0:
        return 1 / (1 + exp(-x))
    small = exp(x)
    return small / (1 + small)
