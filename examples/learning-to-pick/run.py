"""The whole loop on a crowd: pick, reward, staged state, promotion by policy, and the next pick is better.

usage: run.py LUTHIER [PLOT.svg]

`pick` chooses how to answer somebody: with a concise text, an example, or steps. What people like depends on who
they are, and nobody has told the tool. For each of some seeds a fresh workspace serves a crowd and learns from
its rewards; then people whom it has never met are answered by what is active by then, by the version that knew
nothing, and by chance. Fails unless the gain over both is above 0 with 95 % confidence.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from plot import Estimate, draw
from server import Server, begin

SEEDS = 10
ROUNDS = 4
# After so many rewards the server's policy looks whether to promote.
REWARDS_PER_ROUND = 60
HELD_OUT = 150
# How surely the staged state has to be better before it is promoted.
CONFIDENCE = 0.95
DECISION_S_MAX = 60
# The quantile of Student's distribution that holds 95 % of ten values' means.
STUDENT = 2.262

UNTUNED = "0.1.0/runner"
ARMS = ("concise", "example", "steps")
# How likely somebody is to be content.
LIKES = {
    "beginner": {"concise": 0.3, "example": 0.5, "steps": 0.8},
    "expert": {"concise": 0.8, "example": 0.5, "steps": 0.3},
}


class Person(NamedTuple):
    """Somebody who would reward each arm so."""

    context: str
    rewards: dict[str, float]


class Run(NamedTuple):
    """Mean rewards: of the crowd by round, and of people who were held out, by who answered them."""

    rounds: list[float]
    promotions: int
    tuned: float
    untuned: float
    chance: float


def crowd(chance: random.Random, count: int) -> list[Person]:
    people = []
    for _ in range(count):
        context = chance.choice(sorted(LIKES))
        likes = LIKES[context]
        people.append(Person(context, {arm: 1.0 if chance.random() < likes[arm] else -1.0 for arm in ARMS}))
    return people


def serve_crowd(luthier: Path, box: Path, seed: int) -> Run:
    workspace = box / f"seed-{seed}"
    begin(luthier, workspace)
    with (workspace / "luthier.toml").open("a") as settings:
        settings.write(f"\n[tuner]\npromote_every = {REWARDS_PER_ROUND}\npromote_confidence = {CONFIDENCE}\n")
    chance = random.Random(seed)
    with Server(luthier, workspace) as server:
        rounds = []
        for number in range(1, ROUNDS + 1):
            people = crowd(chance, REWARDS_PER_ROUND)
            rounds.append(mean(answer_and_learn(server, person) for person in people))
            decisions = wait_for_decisions(server, number)
        held_out = crowd(random.Random(f"held out {seed}"), HELD_OUT)
        return Run(
            rounds=rounds,
            promotions=sum(decision["data"]["decision"] == "promote" for decision in decisions),
            tuned=mean(answer(server, "active/runner", person) for person in held_out),
            untuned=mean(answer(server, UNTUNED, person) for person in held_out),
            chance=mean(person.rewards[chance.choice(ARMS)] for person in held_out),
        )


def answer_and_learn(server: Server, person: Person) -> float:
    """Serves somebody with what is active, and tells the Tuner how it went."""
    picked = server.call("active/runner", "pick", context=person.context)
    reward = person.rewards[picked["arm"]]
    server.call("active/tuner", "bandit_reward", conversation_id=picked["conversation_id"], reward=reward)
    return reward


def answer(server: Server, role: str, person: Person) -> float:
    return person.rewards[server.call(role, "pick", context=person.context)["arm"]]


def wait_for_decisions(server: Server, count: int) -> list[dict[str, dict[str, object]]]:
    """What the policy decided, once it has so many times: it does so beside the rewards, not in their way."""
    began = time.monotonic()
    while time.monotonic() - began < DECISION_S_MAX:
        decisions: list[dict[str, dict[str, object]]] = server.get("/events?type=decision")["events"]
        if len(decisions) >= count:
            return decisions
        time.sleep(0.01)
    raise SystemExit(f"the policy made {len(decisions)} decisions, and {count} are due")


def estimate(values: list[float]) -> Estimate:
    return Estimate(mean(values), STUDENT * stdev(values) / len(values) ** 0.5, values)


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    runs = []
    print("seed  promotions   tuned  untuned  chance")
    with tempfile.TemporaryDirectory(prefix="learning-to-pick-") as box:
        for seed in range(SEEDS):
            run = serve_crowd(Path(sys.argv[1]).resolve(), Path(box), seed)
            print(f"{seed:>4}{run.promotions:>12}{run.tuned:>8.3f}{run.untuned:>9.3f}{run.chance:>8.3f}", flush=True)
            runs.append(run)
    gains = {
        "the untuned": estimate([run.tuned - run.untuned for run in runs]),
        "chance": estimate([run.tuned - run.chance for run in runs]),
    }
    for name, gain in gains.items():
        low, high = gain.mean - gain.reach, gain.mean + gain.reach
        print(f"gain over {name}: {gain.mean:+.3f} a pick, 95 % interval {low:+.3f} to {high:+.3f}")
    if len(sys.argv) == 3:
        rounds = [estimate(list(of)) for of in zip(*(run.rounds for run in runs), strict=True)]
        plot = draw(rounds, REWARDS_PER_ROUND, mean(run.chance for run in runs), gains)
        Path(sys.argv[2]).write_text(plot, encoding="utf-8")
    return 0 if all(gain.mean > gain.reach for gain in gains.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
