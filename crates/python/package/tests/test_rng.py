"""Random numbers by count."""

from __future__ import annotations

import copy
import math
import pickle
import random
import statistics
import unittest
from hashlib import blake2b
from typing import Any

from luthier import Rng

SEED_MAX = 2**53 - 1
EXPECTED: list[Any] = [0.3319722427164935, -1.1838775820560952, 9.400334053079614, 411016806728877714756, 667, ["b", "c", "c", "b"], [2, 4, 0]]


class Numbers(unittest.TestCase):
    def test_the_numbers_are_these_on_every_machine_and_in_every_release(self) -> None:
        rng = Rng(2026)

        words = [rng.getrandbits(64) for _ in range(2)]
        drawn: list[Any] = [rng.random(), rng.gauss(), rng.gauss(10, 2), rng.getrandbits(70)]
        drawn += [rng.randrange(1000), rng.choices("abc", weights=[1, 2, 3], k=4), rng.sample(range(9), 3)]

        block = blake2b((2026).to_bytes(8, "little") + bytes(8)).digest()
        self.assertEqual(words, [int.from_bytes(block[at : at + 8], "little") for at in (0, 8)])
        self.assertEqual(drawn, EXPECTED)

    def test_it_goes_on_from_any_step_as_if_it_had_never_stopped(self) -> None:
        whole = Rng(7)
        numbers = [whole.random() if at % 2 else whole.gauss() for at in range(50)]
        for step in range(50):
            with self.subTest(step=step):
                rng = Rng.from_json({"seed": 7, "step": step})
                self.assertEqual(numbers[step:], [rng.random() if at % 2 else rng.gauss() for at in range(step, 50)])
                self.assertEqual(rng.to_json(), {"seed": 7, "step": 50})

    def test_what_is_copied_pickled_or_set_back_draws_the_same(self) -> None:
        rng = Rng(1, 5)
        rng.random()
        twins = [copy.copy(rng), copy.deepcopy(rng), pickle.loads(pickle.dumps(rng)), Rng(1)]
        twins[3].setstate(rng.getstate())

        wanted = [rng.gauss() for _ in range(20)]

        for twin in twins:
            self.assertEqual([twin.gauss() for _ in range(20)], wanted)
        rng.seed(3)
        self.assertEqual((rng.to_json(), rng.step, repr(rng)), ({"seed": 3, "step": 0}, 0, "Rng(3, 0)"))

    def test_bits_are_as_many_as_asked_for_and_each_word_counts(self) -> None:
        for bits, words in {0: 0, 1: 1, 32: 1, 64: 1, 65: 2, 128: 2, 1000: 16}.items():
            rng = Rng(3)
            self.assertLess(rng.getrandbits(bits), 1 << bits)
            self.assertEqual(rng.step, words)
        self.assertEqual(len(Rng(3).randbytes(11)), 11)
        with self.assertRaises(ValueError):
            Rng(3).getrandbits(-1)

    def test_a_place_that_json_cannot_keep_is_refused(self) -> None:
        for seed, step in ((-1, 0), (2**53, 0), (0, 2**53), (True, 0), (1.0, 0), (None, 0), (0, "1")):
            with self.subTest(seed=seed, step=step), self.assertRaisesRegex(ValueError, "from 0 to 2"):
                Rng(seed, step)  # type: ignore[arg-type]
        last = Rng(0, SEED_MAX)
        with self.assertRaisesRegex(OverflowError, "another seed"):
            last.random()


class Distributions(unittest.TestCase):
    def test_numbers_are_spread_evenly(self) -> None:
        rng = Rng(11)
        counts = [0] * 100
        for _ in range(100_000):
            counts[int(rng.random() * 100)] += 1

        surprise = sum((count - 1000) ** 2 / 1000 for count in counts)

        self.assertLess(surprise, 150)  # chi-square with 99 degrees: 1 in 1,500
        self.assertGreater(surprise, 60)

    def test_normal_numbers_are_where_the_normal_distribution_has_them(self) -> None:
        rng, normal = Rng(12), statistics.NormalDist()
        drawn = sorted(rng.gauss() for _ in range(20_000))

        gap = max(abs(normal.cdf(x) - (at + 0.5) / len(drawn)) for at, x in enumerate(drawn))

        self.assertLess(gap, 1.63 / math.sqrt(len(drawn)))  # Kolmogorov and Smirnov: 1 in 100

    def test_quantiles_are_right_to_fifteen_digits_far_into_the_tails(self) -> None:
        from luthier._rng import _quantile

        normal = statistics.NormalDist()
        for p in [*(at / 1000 for at in range(1, 1000)), *(10.0**-power for power in range(4, 17)), 1 - 2**-52]:
            self.assertTrue(math.isclose(_quantile(p), normal.inv_cdf(p), rel_tol=2e-15, abs_tol=1e-15), p)
        self.assertEqual(_quantile(0.25), -_quantile(0.75))

    def test_it_stands_in_for_the_generator_of_the_standard_library(self) -> None:
        rng: random.Random = Rng(5)
        items = list(range(20))

        rng.shuffle(items)

        self.assertEqual(sorted(items), list(range(20)))
        self.assertNotEqual(items, list(range(20)))
        self.assertTrue(0 < rng.betavariate(2, 3) < 1)
        self.assertIn(rng.choice("xy"), "xy")
