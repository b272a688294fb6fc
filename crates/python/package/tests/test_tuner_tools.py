"""The Tuner's tools of the workspace: what they do to a draft, and that a refusal leaves it as it was."""

from __future__ import annotations

import copy
import json
import math
import re
import unittest
from typing import Any

from luthier import Rng, ToolError

from .test_fitting import BASEBALL, BASEBALL_SCORES, pairs_of
from .test_learning import sphere
from .test_workspaces import Workspace, merged
from .tuning import ROOT, Draft, Json, Tools


@unittest.skipUnless((ROOT / "tools").is_dir(), "the repository is not around the package")
class TunerToolsTest(unittest.TestCase):
    """Has the tools and a draft of the workspace's own state."""

    tools: Tools
    active: Json
    maxDiff = None

    @classmethod
    def setUpClass(cls) -> None:
        cls.tools = Tools()
        cls.addClassCleanup(cls.tools.close)
        cls.active = json.loads((ROOT / "state" / "active.state.json").read_bytes())

    def draft(self, **changed: Any) -> Draft:
        return Draft({**self.active, **changed})

    def tune(self, draft: Draft, tool: str, **arguments: Any) -> Json:
        answer: Json = self.tools.tuner[tool](draft, **arguments)
        self.assertEqual(answer["status"], "success", answer)
        json.dumps(answer, allow_nan=False)
        draft.saved()
        return answer

    def refusal(self, draft: Draft, tool: str, **arguments: Any) -> str:
        """The words of a refusal, which changed nothing."""
        before = copy.deepcopy(draft.staging)
        with self.assertRaises(ToolError) as caught:
            self.tools.tuner[tool](draft, **arguments)
        self.assertEqual(draft.staging, before)
        return caught.exception.message

    def picked(self, draft: Draft, name: str, context: Any, arm: str, propensity: float = 1.0) -> None:
        arguments = {} if context is None else {"context": context}
        draft.called(name, "pick", arguments, {"arm": arm, "propensity": propensity})


class Rewards(TunerToolsTest):
    def test_a_reward_counts_for_anybody_and_for_its_context(self) -> None:
        draft = self.draft()
        self.picked(draft, "c1", "expert", "steps")
        self.picked(draft, "c2", None, "steps")

        first = self.tune(draft, "bandit_reward", conversation_id="c1", reward=0.5)
        self.tune(draft, "bandit_reward", conversation_id="c2", reward=-1)

        told = "steps earned 0.5 at pull 41"
        self.assertEqual(first, {"status": "success", "details": told, "arm": "steps", "pulls": 41})
        wanted = copy.deepcopy(self.active["bandit"])
        wanted["arms"]["steps"] = {"pulls": 42, "reward_sum": 23.5}
        wanted["contexts"]["expert"]["steps"] = {"pulls": 13, "reward_sum": 4.5}
        self.assertEqual(draft.saved()["bandit"], wanted)
        self.assertEqual({**draft.saved(), "bandit": None}, {**self.active, "bandit": None})

    def test_what_cannot_be_rewarded_is_refused_with_what_to_do(self) -> None:
        bandit = self.active["bandit"]
        draft = self.draft()
        draft.called("talk", "converse", {}, {"reply": "yes"})
        draft.called("failed", "pick", {}, None)
        self.picked(draft, "known", None, "steps")
        self.picked(draft, "gone", None, "poem")
        self.picked(draft, "numbers", [1.0], "steps")
        for name, reward, told in (
            ("nobody", 1, "the conversation 'nobody' is not known here: hand over the `conversation_id` of a `pick`"),
            ("talk", 1, "has no pick"), ("failed", 1, "has no pick"),
            ("known", 1.5, "a reward is a number from -1 to 1, not 1.5"), ("known", math.nan, "not nan"),
            ("gone", 1, "there is no arm 'poem' any more; there are: concise, example, steps"),
            ("numbers", 1, "takes a context by its name"),
        ):  # fmt: skip
            with self.subTest(name, reward=reward):
                self.assertIn(told, self.refusal(draft, "bandit_reward", conversation_id=name, reward=reward))
        for changed, told in (
            ({"rewards": [0, 1]}, "a reward is a number from 0 to 1, not -0.5"),
            ({"version": 0}, "are of version 0 and this code learns version 1: discard the staged state"),
            ({"policy": "linucb"}, "the state has no `bandit.linear` yet"),
        ):
            draft = self.draft(bandit={**bandit, **changed})
            self.picked(draft, "known", None, "steps")
            with self.subTest(changed=changed):
                self.assertIn(told, self.refusal(draft, "bandit_reward", conversation_id="known", reward=-0.5))

    def test_a_linear_policy_learns_small_arms_in_the_document_and_large_ones_beside_it(self) -> None:
        for size, is_packed in ((3, False), (32, False), (33, True), (64, True)):
            with self.subTest(size=size):
                linear = self.tools.lib["linear"].begin(["concise", "steps"], size, alpha=0.5)
                draft = self.draft(bandit={**self.active["bandit"], "policy": "linucb", "linear": linear})
                features, state, chance = [0.0] * size, linear, Rng(size)
                for at in range(5):
                    features = [chance.random() for _ in range(size)]
                    self.picked(draft, f"c{at}", features, "steps")
                    self.tune(draft, "bandit_reward", conversation_id=f"c{at}", reward=at / 5)
                    feedback = {"arm": "steps", "features": features, "reward": at / 5}
                    state = self.tools.lib["linear"].update(state, feedback)

                learned = draft.saved()["bandit"]
                arm = learned["linear"]["arms"]["steps"]
                whole = [*state["arms"]["steps"]["theta"], *state["arms"]["steps"]["inverse"]]
                self.assertEqual(arm.keys(), {"pulls", "packed"} if is_packed else {"pulls", "theta", "inverse"})
                kept = list(draft.unpack(arm["packed"])) if is_packed else [*arm["theta"], *arm["inverse"]]
                self.assertEqual(kept, whole)
                chances = self.tools.lib["bandit"].chances(learned, features, draft.unpack)
                self.assertEqual(chances, self.tools.lib["linucb"].chances(state, features, 0.1))
                self.picked(draft, "short", [1.0], "steps")
                told = self.refusal(draft, "bandit_reward", conversation_id="short", reward=1)
                self.assertEqual(told, f"there are 1 features, and the state has {size}")
                draft.staging["bandit"]["linear"]["version"] = 0
                told = self.refusal(draft, "bandit_reward", conversation_id="c1", reward=1)
                self.assertIn("`bandit.linear` is of version 0", told)

    def test_a_batch_counts_whole_or_not_at_all(self) -> None:
        draft = self.draft(bandit={**self.active["bandit"], "policy": "ucb"})
        batch = [{"arm": "steps", "reward": 1}, {"arm": "concise", "reward": 0, "context": "expert"}]

        stepped = self.tune(draft, "ucb_step", batch=batch)

        bound = 25 / 41 + math.sqrt(2 * math.log(122) / 41)
        self.assertEqual(stepped["arms"]["steps"], {"pulls": 41, "mean": round(25 / 41, 6), "bound": round(bound, 6)})
        self.assertEqual(stepped["details"], "2 reward(s) counted; example is next")
        self.assertEqual(draft.staging["bandit"]["contexts"]["expert"]["concise"], {"pulls": 16, "reward_sum": 12})
        for wrong in ({"arm": "poem", "reward": 0}, {"arm": "steps", "reward": 2}):
            self.refusal(draft, "ucb_step", batch=[*batch, wrong])

    def test_thompson_sampling_needs_rewards_in_their_range(self) -> None:
        bandit = {**self.active["bandit"], "policy": "thompson", "epsilon": 0, "rewards": [0, 1]}

        chances = self.tools.lib["bandit"].chances(bandit, "", None)

        betas = {"concise": (23, 19), "example": (27, 15), "steps": (25, 17)}
        self.assertEqual(chances, self.tools.lib["thompson_beta"].best_of_betas(betas))


class Values(TunerToolsTest):
    def draft_with_picks(self, count: int) -> Draft:
        """Picks by chance, of which `steps` earn 1 and the others 0; the staged bandit knows that."""
        draft = self.draft()
        for at in range(count):
            arm = ("concise", "example", "steps")[at % 3]
            self.picked(draft, f"c{at}", None, arm, 1 / 3)
            draft.earned(f"c{at}", float(arm == "steps"))
        draft.staging["bandit"]["arms"]["steps"]["reward_sum"] = 40
        return draft

    def test_the_gain_of_a_staged_bandit_is_told_with_its_interval(self) -> None:
        draft = self.draft_with_picks(90)

        found = self.tune(draft, "policy_value")

        # With epsilon 0.1 the best arm is picked 28 of 30 times, another one once.
        self.assertAlmostEqual(found["gain"], 0.9, places=6)
        self.assertTrue(0.8 < found["low"] <= found["gain"] <= found["high"] < 1, found)
        self.assertEqual((found["confidence"], found["decisions"]), (0.95, 90))
        self.assertEqual(self.tune(draft, "policy_value", limit=30)["decisions"], 30)

    def test_the_same_policy_gains_nothing(self) -> None:
        draft = self.draft_with_picks(30)
        draft.staging = copy.deepcopy(self.active)

        found = self.tune(draft, "policy_value")

        self.assertEqual((found["gain"], found["low"], found["high"]), (0, 0, 0))

    def test_too_few_rewards_tell_nothing_and_the_answer_says_so(self) -> None:
        found = self.tools.tuner["policy_value"](self.draft_with_picks(4))

        self.assertEqual((found["status"], found["gain"], found["low"], found["high"]), ("failure", 0, -2, 2))
        self.assertEqual(found["details"], "4 rewarded decisions are too few to tell: 10 at least")


class Searches(TunerToolsTest):
    INIT: Json = {"mean": [2.0, 2.0, 2.0], "sigma": 1.0, "seed": 4}

    def test_a_run_goes_on_from_the_draft_and_writes_its_targets(self) -> None:
        targets = ["/search/k1", "/search/b", "/search/title_weight"]
        init = {**self.INIT, "bounds": [[0, 10], [0, 10], [0, 20]], "targets": targets}
        draft = self.draft()
        said = self.tune(draft, "cma_es_iter", population=[], init=init)
        self.assertEqual(said["details"], "begun: try these 9")
        self.assertEqual(draft.staging["search"], self.active["search"])
        while not said["stop"] and said["generation"] < 150:
            tried = [{"x": one["x"], "fitness": sphere(one["x"])} for one in said["population"]]
            draft = Draft(draft.saved())
            said = self.tune(draft, "cma_es_iter", population=tried)

        self.assertLess(said["best"]["fitness"], 1e-10)
        self.assertEqual(list(draft.staging["search"].values()), said["best"]["x"])

    def test_an_empty_population_asks_for_the_same_points_again(self) -> None:
        draft = self.draft()
        begun = self.tune(draft, "cma_es_iter", population=[], init=self.INIT)

        self.assertEqual(self.tune(draft, "cma_es_iter", population=[])["population"], begun["population"])

    def test_a_large_covariance_is_kept_beside_the_document(self) -> None:
        draft = self.draft()
        init = {"mean": [1.0] * 40, "sigma": 0.5, "seed": 1}
        said = self.tune(draft, "cma_es_iter", population=[], init=init)
        begun = self.tools.lib["cma_es"].ask(self.tools.lib["cma_es"].begin([1.0] * 40, 0.5, 1))
        for _ in range(3):
            tried = [{"x": one["x"], "fitness": sphere(one["x"])} for one in said["population"]]
            said = self.tune(draft, "cma_es_iter", population=tried)
            begun = self.tools.lib["cma_es"].update(begun, {"population": tried})

        self.assertEqual(draft.staging["cma_es"]["covariance"]["count"], 820)
        self.assertEqual([one["x"] for one in said["population"]], begun["asked"])

    def test_what_cannot_go_on_is_refused(self) -> None:
        draft = self.draft()
        one = {"x": [1.0, 1.0, 1.0], "fitness": 1.0}
        self.assertIn("no run has begun", self.refusal(draft, "cma_es_iter", population=[]))
        for changed, told in (
            ({"targets": ["/search/k1"]}, "1 targets for 3 numbers"),
            ({"bounds": [[0, 1]] * 3}, "the mean 2.0 between them"), ({"mean": []}, "1 to 100 numbers, not 0"),
            ({"integers": [3]}, "places from 0 to 2"),
        ):  # fmt: skip
            with self.subTest(changed=changed):
                self.assertIn(told, self.refusal(draft, "cma_es_iter", population=[], init={**self.INIT, **changed}))
        for pointer in ("/greeting", "/search", "/no/k1", "/search/k2", "search", "", "/bandit/arms/steps/pulls/x"):
            init = {**self.INIT, "targets": [pointer] * 3}
            with self.subTest(pointer):
                told = self.refusal(draft, "cma_es_iter", population=[one, one], init=init)
                self.assertIn(f"the target {pointer!r} is no number in the state", told)
        self.tune(draft, "cma_es_iter", population=[], init=self.INIT)
        for population in ([one], [one, {**one, "fitness": math.nan}], [one, {"x": [1.0], "fitness": 1.0}]):
            self.refusal(draft, "cma_es_iter", population=population)
        draft.staging["cma_es"]["version"] = 0
        self.assertIn("is of version 0", self.refusal(draft, "cma_es_iter", population=[one, one]))


class Fits(TunerToolsTest):
    def test_preferences_become_the_scores_of_as_many_phrasings(self) -> None:
        draft = self.draft()
        pairs = [[0, 1], [1, 0], [0, 2], [3, 2], [1, 3], [0, 3]]

        fitted = self.tune(draft, "pref_fit", pairs=pairs, n_items=4)
        other = self.tune(draft, "pref_fit", pairs=pairs_of(BASEBALL), n_items=7)

        self.assertEqual(draft.staging["preferences"]["scores"], fitted["scores"])
        self.assertEqual(draft.staging["preferences"]["fit"]["scores"], other["scores"])
        self.assertIn("the state has 4 phrasings, whose scores stay as they are", other["details"])
        for score, published in zip(other["scores"], BASEBALL_SCORES, strict=True):
            self.assertAlmostEqual(score - other["scores"][-1], published, delta=0.001)

    def test_pairs_that_say_nothing_are_refused(self) -> None:
        draft = self.draft()
        self.assertIn("pair 0 is [1, 1]", self.refusal(draft, "pref_fit", pairs=[[1, 1]], n_items=4))
        chain = [[at, at + 1] for at in range(60)] * 40
        self.assertIn("raise `l2`", self.refusal(draft, "pref_fit", pairs=chain, n_items=61, l2=1e-6))

    def test_mined_rules_take_the_place_of_those_before(self) -> None:
        draft = self.draft()
        baskets = [["tea", "cake"], ["tea", "cake", "milk"], ["tea"], ["milk"]]

        mined = self.tune(draft, "rules_mine", transactions=baskets, min_support=0.5, min_confidence=0.6, max_length=2)

        cake = {"if": ["cake"], "then": ["tea"], "support": 0.5, "confidence": 1.0, "lift": 1.333333}
        tea = {"if": ["tea"], "then": ["cake"], "support": 0.5, "confidence": 0.666667, "lift": 1.333333}
        self.assertEqual(draft.staging["rules"], [cake, tea])
        self.assertEqual((mined["rules"], mined["details"]), ([cake, tea], "2 rule(s) hold in 4 transactions"))
        many = [[f"{item}" for item in range(16)]] * 4
        self.assertIn("raise `min_support`", self.refusal(draft, "rules_mine", transactions=many, max_length=8))

    def test_outcomes_are_learned_and_another_kind_begins_anew(self) -> None:
        draft = self.draft()
        batch = [{"features": {"size": at % 5}, "outcome": int(at % 5 > 2)} for at in range(400)]

        learned = self.tune(draft, "learn_outcomes", batch=batch)

        self.assertEqual(learned["examples"], 400)
        regression = self.tools.lib["regression"]
        says = [regression.says_yes(draft.saved()["regression"], {"size": size}) for size in range(5)]
        self.assertEqual(says, [False, False, False, True, True])
        wrong = [*batch[:3], {"features": {"size": 1}, "outcome": 2}]
        self.assertIn("example 3: the outcome", self.refusal(draft, "learn_outcomes", batch=wrong))
        straight = self.tune(draft, "learn_outcomes", batch=[{"features": {"size": 1}, "outcome": 9}], kind="linear")
        self.assertEqual((straight["examples"], straight["threshold"]), (1, None))
        draft.staging["regression"]["version"] = 0
        self.assertIn("is of version 0", self.refusal(draft, "learn_outcomes", batch=batch))


class Template(TunerToolsTest):
    def test_its_state_is_described_as_that_of_the_workspace(self) -> None:
        folders = (ROOT / "state", ROOT / "templates" / "tuner" / "state")
        whole, part = (json.loads((folder / "schema.json").read_bytes()) for folder in folders)

        for name in part["properties"].keys() - {"limits"}:
            self.assertEqual(part["properties"][name], whole["properties"][name], name)
        self.assertEqual(part["$defs"], {name: whole["$defs"][name] for name in part["$defs"]})

    def test_its_code_is_that_of_the_workspace(self) -> None:
        template = ROOT / "templates" / "tuner"
        for folder in ("tools/lib/tuning", "tools/tuner"):
            names = {path.name for path in (ROOT / folder).glob("*.py")}
            self.assertEqual({path.name for path in (template / folder).glob("*.py")}, names)
            for name in names:
                self.assertEqual((template / folder / name).read_bytes(), (ROOT / folder / name).read_bytes())


class Guide(TunerToolsTest):
    def test_the_examples_of_the_guide_answer_as_it_says(self) -> None:
        text = (ROOT / "docs" / "guides" / "tuning.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        workspace, draft, picks = Workspace(ROOT), self.draft(), 0
        self.addCleanup(workspace.code.close)
        for line in "".join(blocks).splitlines():
            example = json.loads(line)
            if "state" in example:
                draft.staging = merged(draft.staging, example["state"])
                continue
            name, arguments = example["call"], example["args"]
            with self.subTest(example=line[:60]):
                if name in self.tools.tuner:
                    found = self.tools.tuner[name](draft, **arguments)
                else:
                    workspace.state = draft.saved()
                    case = {"tool": name, "args": arguments, "seed": example.get("seed", 0)}
                    found = workspace.answer(ROOT, case)
                if name == "pick":
                    picks += 1
                    draft.called(f"c{picks}", name, arguments, found)
                if name == "bandit_reward":
                    draft.earned(arguments["conversation_id"], arguments["reward"])
                self.assertIsNone(workspace.matcher.difference(found, example["answer"]))
        self.assertGreater(len(blocks), 8)
