"""UCB1 (Auer, Cesa-Bianchi and Fischer 2002): the arm whose mean and what could be hoped beyond it are greatest.

The state is `{"arms": {name: {"pulls", "reward_sum"}}, "exploration"}`; a feedback is `{"arm", "reward"}`. With an
`exploration` of 1 it is UCB1 for rewards from 0 to 1; with 0 it is greedy.
"""

from collections.abc import Mapping
from math import inf, log, sqrt
from typing import Any

from lib.tuning import arms

State = dict[str, Any]


def chances(state: Mapping[str, Any], epsilon: float = 0.0) -> dict[str, float]:
    """How likely each arm is picked: the best ones share, and `epsilon` is for all."""
    return arms.best_of(bounds(state), epsilon)


def bounds(state: Mapping[str, Any]) -> dict[str, float]:
    """The mean reward of each arm and what could still be hoped for; of one never tried, anything."""
    known, exploration = state["arms"], state["exploration"]
    total = sum(arm["pulls"] for arm in known.values())
    return {
        name: mean(arm) + exploration * sqrt(2 * log(total) / arm["pulls"]) if arm["pulls"] else inf
        for name, arm in known.items()
    }


def mean(arm: Mapping[str, Any]) -> float:
    """What a pull of an arm earned; nothing is known of one never tried."""
    found: float = arm["reward_sum"] / arm["pulls"] if arm["pulls"] else 0.0
    return found


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """Counts a reward."""
    arm = state["arms"][feedback["arm"]]
    counted = {**arm, "pulls": arm["pulls"] + 1, "reward_sum": arm["reward_sum"] + feedback["reward"]}
    return {**state, "arms": {**state["arms"], feedback["arm"]: counted}}
