"""Preferences, rules, regressions and the values of policies are those that are published, or that count out."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from .tuning import Json, LearningTest

# Agresti, Categorical Data Analysis (2002), table 10.10: wins of a row over a column, American League 1987.
BASEBALL = {
    "Milwaukee": (0, 7, 9, 7, 7, 9, 11), "Detroit": (6, 0, 7, 5, 11, 9, 9), "Toronto": (4, 6, 0, 7, 7, 8, 12),
    "New York": (6, 8, 6, 0, 6, 7, 10), "Boston": (6, 2, 6, 7, 0, 7, 12), "Cleveland": (4, 4, 5, 6, 6, 0, 6),
    "Baltimore": (2, 4, 1, 3, 1, 7, 0),
}  # fmt: skip
# Its table 10.11: the fitted abilities, Baltimore's being 0; to three places by R's BradleyTerry2 1.1.
BASEBALL_SCORES = (1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0)
# Stigler, Statistical Science 9 (1994): how often a row is cited by a column.
CITATIONS = {
    "Biometrika": (0, 730, 498, 221), "Comm Statist": (33, 0, 68, 17), "JASA": (320, 813, 0, 142),
    "JRSS-B": (284, 276, 325, 0),
}  # fmt: skip
# Turner and Firth, Journal of Statistical Software 48 (2012), section 2.1; Biometrika's is 0.
CITATIONS_SCORES = (0.0, -2.949, -0.480, 0.269)


def pairs_of(table: Mapping[str, tuple[int, ...]]) -> list[list[int]]:
    """Each single win, as winner and loser."""
    return [[row, column] for row, wins in enumerate(table.values()) for column, n in enumerate(wins) for _ in range(n)]


class Preferences(LearningTest):
    def test_published_scores_are_found_again(self) -> None:
        published: list[tuple[Mapping[str, tuple[int, ...]], tuple[float, ...]]] = [
            (BASEBALL, BASEBALL_SCORES), (CITATIONS, CITATIONS_SCORES),
        ]  # fmt: skip
        for table, wanted in published:
            base = wanted.index(0.0)
            pairs = pairs_of(table)

            scores = self.preferences.fit(self.preferences.count(pairs, len(table)), len(table))

            self.assertAlmostEqual(sum(scores), 0, places=9)
            for name, score, right in zip(table, scores, wanted, strict=True):
                with self.subTest(name):
                    self.assertAlmostEqual(score - scores[base], right, delta=0.001)

    def test_the_order_of_pairs_changes_no_bit(self) -> None:
        pairs, chance = pairs_of(BASEBALL), random.Random(2)
        state = self.preferences.begin(7)
        whole = self.preferences.update(state, {"pairs": pairs})
        for _ in range(5):
            chance.shuffle(pairs)
            half = self.preferences.update(state, {"pairs": pairs[:100]})
            self.assertEqual(self.preferences.update(self.again(half), {"pairs": pairs[100:]}), whole)

    def test_what_never_lost_is_far_ahead_and_finite(self) -> None:
        scores = self.preferences.fit(self.preferences.count([[0, 1]] * 50, 3), 3)

        self.assertGreater(scores[0] - scores[1], 8)
        self.assertLess(scores[0], 20)
        self.assertAlmostEqual(scores[2], 0, places=9)

    def test_many_items_are_solved_as_exactly_as_few(self) -> None:
        chance = random.Random(8)
        strength = [chance.gauss(0, 1) for _ in range(60)]
        pairs = []
        for _ in range(2000):
            one, other = chance.sample(range(60), 2)
            won = chance.random() < 1 / (1 + math.exp(strength[other] - strength[one]))
            pairs.append([one, other] if won else [other, one])
        wins = self.preferences.count(pairs, 60)

        scores = self.preferences.fit(wins, 60)

        # At the maximum each item has won as often as its scores have it win, but for what holds them near 0.
        for item in range(60):
            expected = sum(
                1 / (1 + math.exp(scores[loser if winner == item else winner] - scores[item]))
                for winner, loser in pairs
                if item in (winner, loser)
            )
            wins_of = sum(winner == item for winner, _ in pairs)
            self.assertAlmostEqual(wins_of - expected, 0.001 * scores[item], places=6)

    def test_pairs_of_nothing_are_refused(self) -> None:
        for pair in ([0, 0], [0, 2], [-1, 0]):
            with self.assertRaisesRegex(ValueError, "pair 1 is"):
                self.preferences.count([[0, 1], pair], 2)


class Rules(LearningTest):
    def test_the_rules_behind_monk_1_are_found_and_no_others(self) -> None:
        # Thrun and others (1991): all 432 cases of MONK-1, which are positive if a1 = a2 or a5 = 1.
        values = (range(1, 4), range(1, 4), range(1, 3), range(1, 4), range(1, 5), range(1, 3))
        cases = []
        for case in itertools.product(*values):
            is_positive = case[0] == case[1] or case[4] == 1
            attributes = (f"a{place}={value}" for place, value in enumerate(case, start=1))
            cases.append([*attributes, f"class={int(is_positive)}"])

        mined = self.rules.mine(cases, 0.05, 1.0, 3)

        found = {frozenset(rule["if"]) for rule in mined if rule["then"] == ["class=1"]}
        shortest = {items for items in found if not any(other < items for other in found)}
        same = [frozenset({f"a1={value}", f"a2={value}"}) for value in (1, 2, 3)]
        self.assertEqual(shortest, {frozenset({"a5=1"}), *same})
        first = next(rule for rule in mined if rule["if"] == ["a5=1"] and rule["then"] == ["class=1"])
        self.assertEqual((first["support"], first["confidence"], first["lift"]), (0.25, 1.0, 2.0))

    def test_counts_are_those_of_trying_every_itemset(self) -> None:
        chance = random.Random(6)
        baskets = [[item for item in "abcdef" if chance.random() < 0.4] for _ in range(60)]
        total = len(baskets)

        def share(items: Sequence[str]) -> float:
            return sum(set(items) <= set(basket) for basket in baskets) / total

        wanted = {}
        for size in (2, 3):
            for items in itertools.combinations("abcdef", size):
                for left in itertools.chain.from_iterable(itertools.combinations(items, n) for n in range(1, size)):
                    right = tuple(item for item in items if item not in left)
                    if share(items) >= 0.1 and share(items) >= 0.5 * share(left):
                        confidence = share(items) / share(left)
                        wanted[left, right] = (share(items), confidence, confidence / share(right))

        mined = self.rules.mine(baskets, 0.1, 0.5, 3)

        self.assertEqual({(tuple(rule["if"]), tuple(rule["then"])) for rule in mined}, wanted.keys())
        for rule in mined:
            shares = wanted[tuple(rule["if"]), tuple(rule["then"])]
            for found, share_ in zip(list(rule.values())[2:], shares, strict=True):
                self.assertAlmostEqual(found, share_, places=6)
        order = [(-rule["confidence"], -rule["lift"]) for rule in mined]
        self.assertEqual(order, sorted(order))

    def test_more_than_anybody_could_use_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "raise `min_support`"):
            self.rules.mine([[f"{item}" for item in range(16)]] * 4, 0.5, 0.5, 8)


class OffPolicy(LearningTest):
    def decisions(self, count: int, seed: int) -> list[Any]:
        """Picks of an arm that earns 0.7 and one that earns 0.3, the good one one time in five."""
        chance = random.Random(seed)
        made = []
        for _ in range(count):
            arm = "good" if chance.random() < 0.2 else "bad"
            reward = float(chance.random() < (0.7 if arm == "good" else 0.3))
            propensity = 0.2 if arm == "good" else 0.8
            made.append(self.offpolicy.Decision(arm, propensity, reward, {"good": 0.9, "bad": 0.1}))
        return made

    def test_intervals_hold_the_true_value_about_as_often_as_they_say(self) -> None:
        truth = 0.9 * 0.7 + 0.1 * 0.3
        for estimate in (self.offpolicy.ips, self.offpolicy.self_normalised, self.offpolicy.doubly_robust):
            held, width = 0, 0.0
            for seed in range(200):
                found = estimate(self.decisions(300, seed))
                held += found["low"] <= truth <= found["high"]
                width += (found["high"] - found["low"]) / 200
            with self.subTest(estimate.__name__):
                self.assertGreaterEqual(held, 178)
                self.assertLess(width, 0.4)

    def test_a_gain_is_told_apart_from_none(self) -> None:
        decisions = self.decisions(400, 1)
        logged = [{"good": 0.2, "bad": 0.8}] * 400

        better = self.offpolicy.gain(decisions, logged)
        same = self.offpolicy.gain(decisions, [one.chances for one in decisions])

        self.assertTrue(better["low"] > 0 and better["low"] < 0.28 < better["high"], better)
        self.assertEqual(same, {"value": 0, "low": 0, "high": 0})

    def test_what_tells_nothing_is_refused(self) -> None:
        few = self.decisions(9, 0)
        with self.assertRaisesRegex(ValueError, "9 rewarded decisions are too few"):
            self.offpolicy.ips(few)
        with self.assertRaisesRegex(ValueError, "propensity 0"):
            self.offpolicy.ips([*self.decisions(20, 0), few[0]._replace(propensity=0)])
        with self.assertRaisesRegex(ValueError, "picks none"):
            self.offpolicy.self_normalised([one._replace(chances={"new": 1}) for one in self.decisions(20, 0)])


class Regression(LearningTest):
    def test_a_line_is_found(self) -> None:
        chance = random.Random(1)
        state = self.regression.begin("linear")
        for _ in range(2000):
            a, b = chance.random(), chance.random()
            feedback = {"features": {"a": a, "b": b}, "outcome": 3 * a - 2 * b + 1}
            state = self.regression.update(state, feedback)

        self.assertAlmostEqual(self.regression.predict(self.again(state), {"a": 0.5, "b": 0.5}), 1.5, delta=0.01)

    def test_chances_come_true_and_the_threshold_keeps_its_precision(self) -> None:
        for precision_min in (None, 0.9):
            chance = random.Random(2)
            state = self.regression.begin("logistic", precision_min=precision_min)

            def case() -> tuple[Json, int]:
                features = {"a": chance.gauss(0, 1), "b": chance.gauss(0, 1)}
                truth = 1 / (1 + math.exp(-(2 * features["a"] - features["b"] - 0.5)))
                return features, int(chance.random() < truth)

            for _ in range(4000):
                features, outcome = case()
                state = self.regression.update(state, {"features": features, "outcome": outcome})
            seen = [case() for _ in range(4000)]
            said = [(self.regression.predict(state, features), outcome) for features, outcome in seen]
            yes = [outcome for features, outcome in seen if self.regression.says_yes(state, features)]

            with self.subTest(precision_min=precision_min):
                for low in (0.1, 0.3, 0.5, 0.7):
                    near = [(p, outcome) for p, outcome in said if low <= p < low + 0.2]
                    gap = sum(p - outcome for p, outcome in near) / len(near)
                    self.assertAlmostEqual(gap, 0, delta=0.06)
                if precision_min is None:
                    right = sum((p >= state["threshold"]) == outcome for p, outcome in said)
                    self.assertGreater(right / len(said), 0.78)  # knowing the truth: 0.80
                else:
                    self.assertGreater(sum(yes) / len(yes), 0.87)
                    self.assertGreater(len(yes), 600)

    def test_what_is_no_example_is_refused(self) -> None:
        state = self.regression.begin("logistic")
        for features, outcome in (({"a": 1.0}, 2), ({"a": math.nan}, 1), ({"": 1.0}, 1), ({"a": 1.0}, 0.5)):
            with self.assertRaises(ValueError):
                self.regression.update(state, {"features": features, "outcome": outcome})
        many = {f"f{at}": 1.0 for at in range(1001)}
        with self.assertRaisesRegex(ValueError, "more than 1000 features"):
            self.regression.update(state, {"features": many, "outcome": 1})
        with self.assertRaises(ValueError):
            self.regression.begin("cubic")
