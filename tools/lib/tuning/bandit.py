"""The bandit of the state: which policy chooses, and where its numbers are.

`arms` and `contexts` count pulls and rewards, for anybody and for each context by name; `linear` is what linear
policies know, whose contexts are lists of numbers. From 33 numbers on, an arm's weights and inverse are packed
beside the document.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luthier import ToolError

from lib.tuning import arms, linear, linucb, thompson_beta, thompson_linear, ucb1

VERSION = 1
LINEAR = {"linucb": linucb.chances, "thompson_linear": thompson_linear.chances}
# An arm of more numbers is kept as an asset.
PLAIN_MAX = 32
REWARDS = (-1.0, 1.0)

Where = str | Sequence[float]
Unpack = Callable[[Any], Sequence[float]]
Pack = Callable[[Sequence[float]], Any]


def chances(bandit: Mapping[str, Any], context: Where, unpack: Unpack) -> dict[str, float]:
    """How likely each arm is picked for this context."""
    policy, epsilon = bandit["policy"], bandit["epsilon"]
    if policy in LINEAR:
        known = _linear(bandit, context)
        try:
            return LINEAR[policy](_unpacked(known, known["arms"], unpack), context, epsilon)
        except ValueError as error:
            raise ToolError(str(error)) from None
    counted = {"arms": of_context(bandit, context), "exploration": bandit["exploration"]}
    if policy == "ucb":
        return ucb1.chances(counted, epsilon)
    if policy == "thompson":
        return thompson_beta.chances({**counted, "rewards": bandit.get("rewards", REWARDS)}, epsilon)
    return arms.best_of({name: ucb1.mean(arm) for name, arm in counted["arms"].items()}, epsilon)


def takes(bandit: Mapping[str, Any], context: Where) -> bool:
    """Does the policy know what to do with this context? One of before may have been for another policy."""
    if bandit["policy"] not in LINEAR:
        return isinstance(context, str)
    return not isinstance(context, str) and len(context) == bandit.get("linear", {}).get("dimension")


def of_context(bandit: Mapping[str, Any], context: Where) -> Mapping[str, Any]:
    """The arms of a context by its name; one that is not known counts as anybody."""
    if not isinstance(context, str):
        raise ToolError(f"the policy {bandit['policy']!r} takes a context by its name, not a list of numbers")
    found: Mapping[str, Any] = bandit["contexts"].get(context, bandit["arms"])
    return found


def rewarded(
    bandit: Mapping[str, Any], context: Where, arm: str, reward: float, pack: Pack, unpack: Unpack
) -> dict[str, Any]:
    """The bandit after a reward for an arm that was picked in a context."""
    _check(bandit, arm, reward)
    if bandit["policy"] in LINEAR:
        known = _linear(bandit, context)
        pulled = _unpacked(known, {arm: _known(known["arms"], arm)}, unpack)
        feedback = {"arm": arm, "features": context, "reward": reward}
        try:
            learned = linear.update(pulled, feedback)["arms"][arm]
        except ValueError as error:
            raise ToolError(str(error)) from None
        return {**bandit, "linear": {**known, "arms": {**known["arms"], arm: _packed(known, learned, pack)}}}
    _known(bandit["arms"], arm)
    named = of_context(bandit, context)
    made = ucb1.update(dict(bandit), {"arm": arm, "reward": reward})
    if named is not bandit["arms"]:
        mine = ucb1.update({"arms": _with(named, arm)}, {"arm": arm, "reward": reward})
        made["contexts"] = {**bandit["contexts"], context: mine["arms"]}
    return made


def rewards_of(bandit: Mapping[str, Any]) -> tuple[float, float]:
    """The least and the greatest reward there is."""
    low, high = bandit.get("rewards", REWARDS)
    return low, high


def _check(bandit: Mapping[str, Any], arm: str, reward: float) -> None:
    if (version := bandit.get("version", VERSION)) != VERSION:
        raise ToolError(
            f"the bandit's numbers are of version {version} and this code learns version {VERSION}: discard the"
            " staged state, or bring it over with a migration in state/migrations"
        )
    low, high = rewards_of(bandit)
    if not low <= reward <= high:
        raise ToolError(f"a reward is a number from {low:g} to {high:g}, not {reward}")


def _known(arms_: Mapping[str, Any], arm: str) -> Any:
    if arm not in arms_:
        raise ToolError(f"there is no arm {arm!r} any more; there are: {', '.join(sorted(arms_))}")
    return arms_[arm]


def _with(arms_: Mapping[str, Any], arm: str) -> dict[str, Any]:
    return {arm: {"pulls": 0, "reward_sum": 0}, **arms_}


def _linear(bandit: Mapping[str, Any], context: Where) -> Mapping[str, Any]:
    known: Mapping[str, Any] | None = bandit.get("linear")
    if known is None:
        raise ToolError(f"the policy is {bandit['policy']!r}, and the state has no `bandit.linear` yet: patch one in")
    if known["version"] != linear.VERSION:
        raise ToolError(
            f"`bandit.linear` is of version {known['version']} and this code knows version {linear.VERSION}: discard"
            " the staged state, or bring it over with a migration in state/migrations"
        )
    if isinstance(context, str):
        raise ToolError(f"the policy {bandit['policy']!r} takes a list of {known['dimension']} numbers as context")
    return known


def _unpacked(known: Mapping[str, Any], arms_: Mapping[str, Any], unpack: Unpack) -> dict[str, Any]:
    size = known["dimension"]
    plain: dict[str, Any] = {}
    for name, arm in arms_.items():
        if "packed" in arm:
            numbers = unpack(arm["packed"])
            arm = {"pulls": arm["pulls"], "theta": numbers[:size], "inverse": numbers[size:]}
        plain[name] = arm
    return {**known, "arms": plain}


def _packed(known: Mapping[str, Any], arm: Mapping[str, Any], pack: Pack) -> Mapping[str, Any]:
    if known["dimension"] <= PLAIN_MAX:
        return arm
    return {"pulls": arm["pulls"], "packed": pack([*arm["theta"], *arm["inverse"]])}
