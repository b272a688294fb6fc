"""What another policy would have earned, told from what one policy did.

Each decision says what was picked, how likely that was, and what it earned. Inverse propensity scoring weighs a
reward by how much likelier the other policy would have picked the same; that is right on the average, whatever the
rewards. Self-normalised, it divides by the weights and varies less. Doubly robust, it only corrects an estimate.
"""

from collections.abc import Mapping, Sequence
from math import fsum, isfinite, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple, TypedDict

# Nobody concludes anything from fewer.
DECISIONS_MIN = 10


class Decision(NamedTuple):
    """A pick of the past, and how likely the other policy picks each arm in its place."""

    arm: str
    propensity: float
    reward: float
    chances: Mapping[str, float]
    context: str = ""


class Value(TypedDict):
    """A mean reward, and the interval that holds it with the confidence asked for."""

    value: float
    low: float
    high: float


def ips(decisions: Sequence[Decision], confidence: float = 0.95) -> Value:
    """Inverse propensity scoring."""
    _check(decisions)
    return _interval([_weight(one) * one.reward for one in decisions], confidence)


def self_normalised(decisions: Sequence[Decision], confidence: float = 0.95) -> Value:
    """Inverse propensity scoring, divided by the sum of the weights."""
    _check(decisions)
    weights = [_weight(one) for one in decisions]
    total = fsum(weights)
    if not total:
        raise ValueError("the other policy picks none of what was picked: there is nothing to tell its value by")
    value = fsum(weight * one.reward for weight, one in zip(weights, decisions, strict=True)) / total
    parts = [
        value + len(decisions) * weight * (one.reward - value) / total
        for weight, one in zip(weights, decisions, strict=True)
    ]
    return {**_interval(parts, confidence), "value": value}


def doubly_robust(decisions: Sequence[Decision], confidence: float = 0.95) -> Value:
    """What each arm earns on the average, corrected by the inverse propensities."""
    _check(decisions)
    return _interval(_corrected(decisions), confidence)


def gain(
    decisions: Sequence[Decision], base: Sequence[Mapping[str, float]], confidence: float = 0.95
) -> Value:
    """How much more the other policy earns than the one with the chances `base`, doubly robust.

    Both are valued on the same decisions, so what they have in common cannot blur the difference.
    """
    _check(decisions)
    other = [one._replace(chances=chances) for one, chances in zip(decisions, base, strict=True)]
    pairs = zip(_corrected(decisions), _corrected(other), strict=True)
    return _interval([first - second for first, second in pairs], confidence)


def _check(decisions: Sequence[Decision]) -> None:
    if len(decisions) < DECISIONS_MIN:
        raise ValueError(f"{len(decisions)} rewarded decisions are too few to tell: {DECISIONS_MIN} at least")
    for at, one in enumerate(decisions):
        if not 0 < one.propensity <= 1 or not isfinite(one.reward):
            raise ValueError(f"decision {at} has the propensity {one.propensity} and the reward {one.reward}")


def _weight(one: Decision) -> float:
    return one.chances.get(one.arm, 0.0) / one.propensity


def _corrected(decisions: Sequence[Decision]) -> list[float]:
    sums: dict[tuple[str, str], list[float]] = {}
    for one in decisions:
        for key in (("", one.arm), (one.context, one.arm)) if one.context else (("", one.arm),):
            known = sums.setdefault(key, [0.0, 0.0])
            known[0] += one.reward
            known[1] += 1
    overall = fsum(one.reward for one in decisions) / len(decisions)
    return [_doubly(one, sums, overall) for one in decisions]


def _doubly(one: Decision, sums: Mapping[tuple[str, str], list[float]], overall: float) -> float:
    """The value of one decision; its own reward has no part in what is expected of its arm."""

    def expected(arm: str) -> float:
        mine = (one.reward, 1.0) if arm == one.arm else (0.0, 0.0)
        for key in ((one.context, arm), ("", arm)):
            total, count = sums.get(key, (0.0, 0.0))
            if count > mine[1]:
                return (total - mine[0]) / (count - mine[1])
        return overall

    direct = fsum(chance * expected(arm) for arm, chance in one.chances.items())
    return direct + _weight(one) * (one.reward - expected(one.arm))


def _interval(parts: Sequence[float], confidence: float) -> Value:
    count = len(parts)
    mean = fsum(parts) / count
    error = sqrt(fsum((part - mean) ** 2 for part in parts) / (count - 1) / count)
    reach = _student(confidence, count - 1) * error
    return {"value": mean, "low": mean - reach, "high": mean + reach}


def _student(confidence: float, degrees: int) -> float:
    """How many standard errors hold so much of Student's distribution: Fisher's expansion about the normal."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is between 0 and 1, not {confidence}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3
