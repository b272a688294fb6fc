"""Learns over MCP from a server that runs, each update through its journal, and says what came of it.

usage: learning.py LUTHIER

A line for each figure and the floor or limit that is asked of it, which is where the algorithm comes from or what
another library reaches; fails if one is missed.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "examples" / "learning-to-pick"), str(ROOT / "crates" / "python" / "package")]

from server import Json, Server, begin  # noqa: E402
from tests import test_fitting as fitting  # noqa: E402
from tests import test_learning as learning  # noqa: E402

TUNER, PICK = "active/tuner", "staging/runner"
GOLDENS = "tests/micro/choose.jsonl"
UPDATES_PER_PROMOTION = 50
# Of the epoch of digits, those that a server of its own goes through once more.
CASES_AGAIN = 200
# Chances to win; whoever knows them earns 0.9 a pick.
SLOTS = {"a": 0.9, "b": 0.6, "c": 0.6, "d": 0.6}
PULLS = 1000
CASES = 600
NAMES = {"ucb": "UCB1", "thompson": "Thompson"}


class Table:
    """What was measured, printed as it comes."""

    def __init__(self) -> None:
        self.is_good = True
        print(f"{'what':<68}{'found':>12}  {'asked':<16}{'s':>6}  from")
        self._began = time.monotonic()

    def tell(self, what: str, found: float, asked: str, is_met: bool, source: str) -> None:
        self.is_good &= is_met
        took, self._began = time.monotonic() - self._began, time.monotonic()
        shown = f"{asked}{'' if is_met else ' MISSED'}"
        print(f"{what:<68}{found:>12.5g}  {shown:<16}{took:>6.1f}  {source}", flush=True)

    def at_least(self, floor: float, what: str, found: float, source: str) -> None:
        self.tell(what, found, f">= {floor:g}", found >= floor, source)

    def at_most(self, limit: float, what: str, found: float, source: str) -> None:
        self.tell(what, found, f"<= {limit:g}", found <= limit, source)


class Bench:
    """Makes servers of workspaces in a temporary folder."""

    def __init__(self, luthier: Path, box: Path) -> None:
        self._luthier, self._box = luthier, box

    @contextmanager
    def server(self, name: str, bandit: Json | None = None) -> Iterator[Server]:
        """Serves a fresh workspace of the template, with another bandit if one is given."""
        workspace = self._box / name
        begin(self._luthier, workspace)
        if bandit is not None:
            change_bandit(workspace, bandit)
        with Server(self._luthier, workspace) as server:
            yield server

    def carry_arrays(self, source: str, to: str) -> None:
        """A document names large arrays by their hashes alone: whoever takes it elsewhere takes them too."""
        arrays = Path(".luthier", "vault", "arrays")
        shutil.copytree(self._box / source / arrays, self._box / to / arrays, dirs_exist_ok=True)


def change_bandit(workspace: Path, bandit: Json) -> None:
    state, goldens = workspace / "state" / "active.state.json", workspace / GOLDENS
    document = json.loads(state.read_text())
    document["bandit"] = {**document["bandit"], "epsilon": 0, "rewards": [0, 1], **bandit}
    state.write_text(json.dumps(document))
    # What they say of arms is said of those of the template.
    cases = [json.loads(line) for line in goldens.read_text().splitlines()]
    kept = [case for case in cases if case["tool"] != "pick" or "$error" in case["expect"]]
    goldens.write_text("".join(json.dumps(case) + "\n" for case in kept))


def linear(policy: str, arms: Sequence[str], dimension: int, alpha: float, ridge: float) -> Json:
    """A linear bandit that knows nothing yet."""
    fresh = {arm: {"pulls": 0} for arm in arms}
    about = {"version": 1, "dimension": dimension, "alpha": alpha, "ridge": ridge, "arms": fresh}
    return {"policy": policy, "linear": about}


def pick_and_reward(server: Server, context: object, worth: Callable[[str], float]) -> tuple[str, float]:
    """One turn of the loop: the arm that was picked, and its reward."""
    picked = server.call(PICK, "pick", context=context)
    arm, reward = picked["arm"], worth(picked["arm"])
    server.call(TUNER, "bandit_reward", conversation_id=picked["conversation_id"], reward=reward)
    return arm, reward


def staged(server: Server) -> Json:
    document: Json = server.read(TUNER, "state://staging")
    return document


def resume(server: Server, document: Json) -> None:
    """Stages a document that was exported elsewhere."""
    revision = server.call(TUNER, "discard_staging")["revision"]
    server.call(TUNER, "import_staging", value=document, if_revision=revision)


def read_digits(bench: Bench, table: Table) -> None:
    cases = learning.digits()
    bandit = linear("linucb", [str(digit) for digit in range(10)], 64, alpha=0.4, ridge=0.1)
    source = "LinUCB in numpy 0.862, MABWiser 2.7 0.872, Vowpal Wabbit 9 0.563"

    with bench.server("digits", bandit) as server:
        earned = sum(read_digit(server, *case) for case in cases[:-CASES_AGAIN])
        exported = staged(server)
        earned += sum(read_digit(server, *case) for case in cases[-CASES_AGAIN:])
        whole = staged(server)
    table.at_least(0.85, "LinUCB: digits read, mean reward of one epoch", earned / len(cases), source)

    with bench.server("again", bandit) as server:
        bench.carry_arrays("digits", "again")
        resume(server, exported)
        half = len(cases) - CASES_AGAIN // 2
        for case in cases[-CASES_AGAIN:half]:
            read_digit(server, *case)
        server.kill()
        server.start()
        for case in cases[half:]:
            read_digit(server, *case)
        differ = len(differences(whole, staged(server)))
    what = f"LinUCB: places that differ, {CASES_AGAIN} cases after an import"
    table.at_most(0, what, differ, "an export in mid-run, and SIGKILL 100 cases later")

    earned, took = 0.0, []
    with bench.server("promoted", bandit) as server:
        for number, case in enumerate(cases, start=1):
            earned += read_digit(server, *case)
            if number % UPDATES_PER_PROMOTION == 0:
                began = time.monotonic()
                server.call(TUNER, "promote")
                took.append(time.monotonic() - began)
    what = f"LinUCB: the same, promoted every {UPDATES_PER_PROMOTION} updates"
    table.at_least(0.85, what, earned / len(cases), source)
    took.sort()
    table.at_most(10, "a promotion by then, s (median)", took[len(took) // 2], f"{len(took)} promotions")


def read_digit(server: Server, pixels: list[float], digit: int) -> float:
    return pick_and_reward(server, pixels, lambda arm: float(arm == str(digit)))[1]


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    """Where two documents are not the same to the last bit."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differences(one[key], other[key], f"{place}/{key}")]
    return [] if json.dumps(one) == json.dumps(other) else [place]


def pull_slots(bench: Bench, table: Table) -> None:
    """Regret: what was lost against always pulling the best arm."""
    best = max(SLOTS.values())
    limits = {
        "ucb": (110.0, "MABWiser 2.7.4 in 100 runs: 66, at most 92; chance 225"),
        "thompson": (45.0, "MABWiser 2.7.4 in 100 runs: 12, at most 32; chance 225"),
    }
    for policy, (limit, source) in limits.items():
        chance, regret = random.Random(1), 0.0
        arms = {arm: {"pulls": 0, "reward_sum": 0} for arm in SLOTS}
        with bench.server(policy, {"policy": policy, "arms": arms, "contexts": {}}) as server:
            for _ in range(PULLS):
                arm, _ = pick_and_reward(server, "", lambda arm: float(chance.random() < SLOTS[arm]))
                regret += best - SLOTS[arm]
        table.at_most(limit, f"{NAMES[policy]}: regret of {PULLS} pulls of 4 arms", regret, source)


def sample_features(bench: Bench, table: Table) -> None:
    """What an arm earns is the product of its hidden weights and the features of the case, and some noise."""
    chance, missed = random.Random(3), 0.0
    hidden = {arm: direction(chance) for arm in "abc"}
    bandit = linear("thompson_linear", "abc", 4, alpha=0.1, ridge=1.0)
    with bench.server("features", {**bandit, "rewards": [-1, 1]}) as server:
        for _ in range(CASES):
            features = direction(chance)
            worth = {arm: math.fsum(map(float.__mul__, weights, features)) for arm, weights in hidden.items()}
            noise = chance.gauss(0, 0.1)
            arm, _ = pick_and_reward(server, features, lambda arm: min(max(worth[arm] + noise, -1.0), 1.0))
            missed += max(worth.values()) - worth[arm]
    what = f"linear Thompson: regret of {CASES} cases of 4 features, 3 arms"
    table.at_most(16, what, missed, "MABWiser 2.7.4 in 30 runs: 6, at most 8; chance 248")


def direction(chance: random.Random) -> list[float]:
    """Four numbers of length 1."""
    drawn = [chance.gauss(0, 1) for _ in range(4)]
    return [value / math.hypot(*drawn) for value in drawn]


def search(bench: Bench, table: Table) -> None:
    goals = [
        (learning.sphere, 1.0, 2000, "cmaes 0.13.1: up to 1,487"),
        (learning.ellipsoid, 1.0, 9000, "cmaes 0.13.1: up to 4,416"),
        (learning.rosenbrock, 0.0, 7600, "cmaes 0.13.1: up to 5,828"),
    ]
    with bench.server("search") as server:
        for function, middle, limit, source in goals:
            asked = begin_search(server, [middle] * 10)
            count = 0
            while not asked["stop"] and count <= limit:
                tried = [function(point["x"]) for point in asked["population"]]
                if min(tried) <= 1e-8:
                    count += next(at for at, fitness in enumerate(tried, start=1) if fitness <= 1e-8)
                    break
                count += len(tried)
                asked = tell_fitness(server, asked, tried)
            else:
                count = limit + 1
            table.at_most(limit, f"CMA-ES: tries until 1e-8, {function.__name__}, 10 numbers", count, source)


def resume_search(bench: Bench, table: Table) -> None:
    """The same 60 generations: at a stretch, and as a run that was exported, killed and imported."""
    with bench.server("at-a-stretch") as server:
        go_on(server, begin_search(server, [1.0] * 10), 60)
        whole = staged(server)
    with bench.server("killed") as server:
        go_on(server, begin_search(server, [1.0] * 10), 20)
        server.kill()
        server.start()
        go_on(server, asked_again(server), 20)
        exported = staged(server)
    with bench.server("imported") as server:
        resume(server, exported)
        go_on(server, asked_again(server), 20)
        differ = len(differences(whole, staged(server)))
    table.at_most(0, "CMA-ES: places that differ, 60 generations", differ, "SIGKILL after 20, an import after 40")


def begin_search(server: Server, mean: list[float]) -> Json:
    init = {"mean": mean, "sigma": 0.5, "seed": 1}
    return server.call(TUNER, "cma_es_iter", population=[], init=init)


def asked_again(server: Server) -> Json:
    return server.call(TUNER, "cma_es_iter", population=[])


def go_on(server: Server, asked: Json, generations: int) -> None:
    for _ in range(generations):
        asked = tell_fitness(server, asked, [learning.ellipsoid(point["x"]) for point in asked["population"]])


def tell_fitness(server: Server, asked: Json, tried: list[float]) -> Json:
    population = [{**point, "fitness": fitness} for point, fitness in zip(asked["population"], tried, strict=True)]
    return server.call(TUNER, "cma_es_iter", population=population)


def fit_preferences(bench: Bench, table: Table) -> None:
    published: list[tuple[str, Mapping[str, tuple[int, ...]], tuple[float, ...], str]] = [
        ("American League 1987", fitting.BASEBALL, fitting.BASEBALL_SCORES, "Agresti 2002, table 10.11"),
        ("citations", fitting.CITATIONS, fitting.CITATIONS_SCORES, "Turner and Firth 2012, section 2.1"),
    ]
    with bench.server("preferences") as server:
        for name, wins, wanted, source in published:
            pairs = fitting.pairs_of(wins)
            server.call(TUNER, "pref_fit", pairs=pairs, n_items=len(wanted))
            scores = staged(server)["preferences"]["fit"]["scores"]
            base = scores[wanted.index(0.0)]
            off = max(abs(score - base - right) for score, right in zip(scores, wanted, strict=True))
            table.at_most(0.005, f"Bradley-Terry: furthest off the coefficients, {name}", off, source)


def mine_rules(bench: Bench, table: Table) -> None:
    """MONK-1 is positive if a1 = a2 or a5 = 1: four rules that need nothing else."""
    cases = []
    for case in itertools.product(*(range(1, count + 1) for count in (3, 3, 2, 3, 4, 2))):
        attributes = [f"a{place}={value}" for place, value in enumerate(case, start=1)]
        cases.append([*attributes, f"class={int(case[0] == case[1] or case[4] == 1)}"])
    hidden = {frozenset({f"a1={value}", f"a2={value}"}) for value in (1, 2, 3)} | {frozenset({"a5=1"})}

    with bench.server("rules") as server:
        asked = {"min_support": 0.05, "min_confidence": 1.0, "max_length": 3}
        server.call(TUNER, "rules_mine", transactions=cases, **asked)
        mined = staged(server)["rules"]
    found = {frozenset(rule["if"]) for rule in mined if rule["then"] == ["class=1"]}
    shortest = {items for items in found if not any(other < items for other in found)}
    source = "Thrun and others 1991"
    table.at_least(len(hidden), "rules of MONK-1 that were found", len(shortest & hidden), source)
    table.at_most(0, "others that were found", len(shortest - hidden), source)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    table = Table()
    with tempfile.TemporaryDirectory(prefix="learning-") as box:
        bench = Bench(Path(sys.argv[1]).resolve(), Path(box))
        for show in (fit_preferences, mine_rules, search, resume_search, sample_features, pull_slots, read_digits):
            show(bench, table)
    return 0 if table.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
