"""Bounds between what examples have on either side."""

from __future__ import annotations

from typing import Any

# A side with fewer examples would be one that is known by heart.
SUPPORT_MIN = 2
# Bounds that a person would choose: multiples of the first of these that has one.
ROUND = (1000, 100, 50, 10, 5, 1)


def between(low: Any, high: Any) -> list[tuple[Any, str]]:
    """Bounds and signs by which what is no lower than `high` is told from what is no higher than `low`.

    There are several where examples leave room for them: which is meant is a question.
    """
    if isinstance(low, int) and isinstance(high, int):
        step = next(step for step in ROUND if low // step != high // step)
        round_one = (low // step + 1) * step
        return [(bound, ">=") for bound in dict.fromkeys([round_one, low + 1, high])]
    return [(high, ">="), (low, ">")]
