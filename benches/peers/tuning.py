"""How fast the tuning algorithms of the workspace are beside others' libraries: `tuning.py [--seconds S]`.

Prints one JSON object: for each task, what each library does a second, and ours as a share of the fastest. It needs
the peers in its environment: numpy, scikit-learn, river, mabwiser, vowpalwabbit, cmaes, cma, evalica, choix and
efficient-apriori; one that is not there is left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "crates" / "python" / "package")]

from lib.tuning import cma_es, linear, linucb, preferences, rules, ucb1

ARMS = [str(digit) for digit in range(10)]
Peers = dict[str, Callable[[], Callable[[int], object]]]


def rate(make: Callable[[], Callable[[int], object]], seconds: float) -> float:
    """Steps a second, the best of three spells."""
    best = 0.0
    for _ in range(3):
        step, count = make(), 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds / 3:
            step(count)
            count += 1
        best = max(best, count / (time.perf_counter() - began))
    return best


# --- A bandit: a pick and its reward, of ten arms ---


def features(size: int) -> list[list[float]]:
    chance = random.Random(size)
    rows = [[max(0.0, chance.gauss(0, 1)) for _ in range(size - 1)] + [1.0] for _ in range(512)]
    return [[value / math.hypot(*row) for value in row] for row in rows]


def ours_linucb(size: int) -> Callable[[int], object]:
    state, rows = linucb.begin(ARMS, size), features(size)

    def step(at: int) -> None:
        nonlocal state
        x = rows[at % 512]
        chances = linucb.chances(state, x)
        arm = max(chances, key=lambda name: chances[name])
        state = linucb.update(state, {"arm": arm, "features": x, "reward": float(at % 10 == int(arm))})

    return step


def ours_reward(size: int) -> Callable[[int], object]:
    """The reward alone, which is what `bandit_reward` computes."""
    state, rows = linear.begin(ARMS, size), features(size)

    def step(at: int) -> None:
        nonlocal state
        state = linear.update(state, {"arm": ARMS[at % 10], "features": rows[at % 512], "reward": 1.0})

    return step


def numpy_linucb(size: int) -> Callable[[int], object]:
    import numpy as np

    rows = np.array(features(size))
    inverse, weights, sums = np.stack([np.eye(size)] * 10), np.zeros((10, size)), np.zeros((10, size))

    def step(at: int) -> None:
        x = rows[at % 512]
        seen = inverse @ x
        arm = int(np.argmax(weights @ x + np.sqrt(seen @ x)))
        gain = seen[arm]
        inverse[arm] -= np.outer(gain, gain) / (1 + gain @ x)
        sums[arm] += float(at % 10 == arm) * x
        weights[arm] = inverse[arm] @ sums[arm]

    return step


def river_linucb(size: int) -> Callable[[int], object]:
    from river import bandit

    rows = [dict(enumerate(row)) for row in features(size)]
    policy = bandit.LinUCBDisjoint(alpha=1.0, seed=1)

    def step(at: int) -> None:
        x = rows[at % 512]
        arm = policy.pull(range(10), context=x)
        policy.update(arm, x, float(at % 10 == arm))

    return step


def mabwiser_linucb(size: int) -> Callable[[int], object]:
    from mabwiser.mab import MAB, LearningPolicy

    rows = features(size)
    mab = MAB(list(range(10)), LearningPolicy.LinUCB(alpha=1.0))
    mab.fit(list(range(10)), [0.0] * 10, rows[:10])

    def step(at: int) -> None:
        x = [rows[at % 512]]
        arm = mab.predict(x)
        mab.partial_fit([arm], [float(at % 10 == arm)], x)

    return step


def vowpal_wabbit(size: int) -> Callable[[int], object]:
    import vowpalwabbit as vw

    rows = [" ".join(f"{at}:{value:.6g}" for at, value in enumerate(row)) for row in features(size)]
    workspace = vw.Workspace("--cb_explore 10 --cover 3 --quiet")

    def step(at: int) -> None:
        x = rows[at % 512]
        chances = workspace.predict("| " + x)
        arm = max(range(10), key=lambda place: chances[place])
        workspace.learn(f"{arm + 1}:{-float(at % 10 == arm)}:{chances[arm]} | {x}")

    return step


def ours_ucb1() -> Callable[[int], object]:
    state: Any = {"arms": {arm: {"pulls": 0, "reward_sum": 0} for arm in ARMS}, "exploration": 1}

    def step(at: int) -> None:
        nonlocal state
        chances = ucb1.chances(state)
        arm = max(chances, key=lambda name: chances[name])
        state = ucb1.update(state, {"arm": arm, "reward": float(at % 10 == int(arm))})

    return step


def river_ucb1() -> Callable[[int], object]:
    from river import bandit

    policy = bandit.UCB(delta=1.0, seed=1)

    def step(at: int) -> None:
        arm = policy.pull(range(10))
        policy.update(arm, float(at % 10 == arm))

    return step


def mabwiser_ucb1() -> Callable[[int], object]:
    from mabwiser.mab import MAB, LearningPolicy

    mab = MAB(list(range(10)), LearningPolicy.UCB1(alpha=1.0))
    mab.fit(list(range(10)), [0.0] * 10)

    def step(at: int) -> None:
        arm = mab.predict()
        mab.partial_fit([arm], [float(at % 10 == arm)])

    return step


# --- Generations of CMA-ES ---


def sphere(x: Any) -> float:
    return float(sum(value * value for value in x))


def ours_cma(size: int) -> Callable[[int], object]:
    points = 4 + int(3 * math.log(size))
    state = cma_es.ask(cma_es.begin([1.0] * size, 0.5, 1, population=points))

    def step(at: int) -> None:
        nonlocal state
        population = [{"x": x, "fitness": sphere(x)} for x in cma_es.points(state)]
        state = cma_es.update(state, {"population": population})

    return step


def cmaes_cma(size: int) -> Callable[[int], object]:
    import cmaes
    import numpy as np

    search = cmaes.CMA(mean=np.ones(size), sigma=0.5, seed=1)

    def step(at: int) -> None:
        asked = [search.ask() for _ in range(search.population_size)]
        search.tell([(x, sphere(x)) for x in asked])

    return step


def pycma_cma(size: int) -> Callable[[int], object]:
    import cma

    search = cma.CMAEvolutionStrategy([1.0] * size, 0.5, {"seed": 1, "verbose": -9})

    def step(at: int) -> None:
        asked = search.ask()
        search.tell(asked, [sphere(x) for x in asked])

    return step


# --- Preferences of 1,000 pairs, rules of 1,000 baskets ---


def pairs(items: int, count: int) -> list[list[int]]:
    chance = random.Random(1)
    strength = [chance.gauss(0, 1) for _ in range(items)]
    made = []
    for _ in range(count):
        one, other = chance.sample(range(items), 2)
        won = chance.random() < 1 / (1 + math.exp(strength[other] - strength[one]))
        made.append([one, other] if won else [other, one])
    return made


def ours_preferences(items: int) -> Callable[[int], object]:
    given = pairs(items, 1000)
    return lambda _: preferences.fit(preferences.count(given, items), items)


def choix_preferences(items: int) -> Callable[[int], object]:
    import choix

    given = [tuple(pair) for pair in pairs(items, 1000)]
    return lambda _: choix.ilsr_pairwise(items, given, alpha=0.001)


def evalica_preferences(items: int) -> Callable[[int], object]:
    import evalica

    given = pairs(items, 1000)
    lefts, rights = [f"{pair[0]}" for pair in given], [f"{pair[1]}" for pair in given]
    winners = [evalica.Winner.X] * len(given)
    return lambda _: evalica.bradley_terry(lefts, rights, winners)


def baskets() -> list[list[str]]:
    chance = random.Random(3)
    return [[f"i{item}" for item in range(40) if chance.random() < 2.5 / (item + 4)] for _ in range(1000)]


def ours_rules() -> Callable[[int], object]:
    given = baskets()
    return lambda _: rules.mine(given, 0.02, 0.3, 3)


def apriori_rules() -> Callable[[int], object]:
    from efficient_apriori import apriori

    given = [tuple(basket) for basket in baskets()]
    return lambda _: apriori(given, min_support=0.02, min_confidence=0.3, max_length=3)


def tasks() -> dict[str, Peers]:
    made: dict[str, Peers] = {}
    for size in (8, 64):
        made[f"linucb, {size} features, pick and reward"] = {
            "ours": lambda size=size: ours_linucb(size),
            "ours, the reward alone": lambda size=size: ours_reward(size),
            "numpy": lambda size=size: numpy_linucb(size),
            "river": lambda size=size: river_linucb(size),
            "mabwiser": lambda size=size: mabwiser_linucb(size),
            "vowpalwabbit": lambda size=size: vowpal_wabbit(size),
        }
    made["ucb1, pick and reward"] = {"ours": ours_ucb1, "river": river_ucb1, "mabwiser": mabwiser_ucb1}
    made["cma-es, generations at d=10"] = {
        "ours": lambda: ours_cma(10),
        "cmaes": lambda: cmaes_cma(10),
        "cma": lambda: pycma_cma(10),
    }
    for items in (10, 50):
        made[f"bradley-terry, 1000 pairs of {items}"] = {
            "ours": lambda items=items: ours_preferences(items),
            "choix": lambda items=items: choix_preferences(items),
            "evalica": lambda items=items: evalica_preferences(items),
        }
    made["rules, 1000 baskets"] = {"ours": ours_rules, "efficient_apriori": apriori_rules}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each library of each task")
    seconds = parser.parse_args().seconds
    told: dict[str, Any] = {}
    for task, peers in tasks().items():
        rates: dict[str, float] = {}
        for name, make in peers.items():
            if name.partition(",")[0] == "ours" or is_here(name):
                rates[name] = round(rate(make, seconds), 1)
        others = [value for name, value in rates.items() if not name.startswith("ours")]
        told[task] = {"per_second": rates, "ours_to_fastest": round(rates["ours"] / max(others), 3) if others else None}
        print(task, told[task], file=sys.stderr)
    print(json.dumps(told, indent=2))


def is_here(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
