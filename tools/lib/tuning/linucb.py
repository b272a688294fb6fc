"""LinUCB (Li and others 2010, disjoint): the arm that looks best if its doubt is counted in its favour.

Feedback is a reward for features and an arm; see `linear` for what is kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lib.tuning import arms
from lib.tuning.linear import begin, estimates, update

__all__ = ["begin", "chances", "update"]


def chances(state: Mapping[str, Any], features: Sequence[float], epsilon: float = 0.0) -> dict[str, float]:
    """How likely each arm is picked: the best ones share, and `epsilon` is for all."""
    alpha = state["alpha"]
    found = estimates(state, features)
    return arms.best_of({arm: mean + alpha * doubt for arm, (mean, doubt) in found.items()}, epsilon)
