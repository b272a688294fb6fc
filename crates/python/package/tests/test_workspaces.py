"""The workspace at the top of the repository and every template: they load, and their goldens hold.

A case is a line of `tests/{micro,fast,full}/*.jsonl`; `tests/README.md` says what it may hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from luthier import _host

from .matching import Matcher, plain
from .support import Call

ROOT = Path(__file__).parents[4]
TIERS = ("micro", "fast", "full")
# Of these the last five change nothing here: `luthier test` reads them.
KEYS = {
    "name", "tool", "args", "expect", "seed", "state", "session", "skip", "tags", "weight", "timeout_ms", "repeat",
}  # fmt: skip
# What makes a case without a name the one that it is.
IDENTITY = ("tool", "args", "state", "seed")
TEMPLATES = sorted(path for path in (ROOT / "templates").glob("*") if (path / "tools").is_dir())


def files_of(workspace: Path) -> dict[str, bytes]:
    """What a version of the workspace would hold."""
    paths = [path for folder in ("tools", "state") for path in (workspace / folder).rglob("*")]
    return {
        path.relative_to(workspace).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and path.suffix != ".pyc"
    }


def merged(target: Any, patch: Any) -> Any:
    """A merge patch (RFC 7396), applied."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


def packages_of(workspace: Path) -> list[str]:
    """Folders of the third-party packages that the tools need; skips where they cannot be had."""
    wanted = workspace / "tools" / "requirements.txt"
    if not wanted.exists():
        return []
    names = re.findall(r"^([\w.-]+)==", wanted.read_text(), re.MULTILINE)
    if all(importlib.util.find_spec(name.replace("-", "_")) for name in names):
        return []
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"luthier-test-packages-{digest}"
    if not folder.exists():
        fetched = Path(tempfile.mkdtemp(prefix="luthier-test-packages-"))
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(fetched)]
        done = subprocess.run([*pip, "-r", str(wanted)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise unittest.SkipTest(f"pip could not fetch {names}: {done.stderr.strip()[-300:]}")
        try:
            fetched.rename(folder)
        except OSError:
            return [str(fetched)]  # another run was first
    return [str(folder)]


class Workspace:
    """A workspace, loaded."""

    def __init__(self, folder: Path, files: dict[str, bytes] | None = None) -> None:
        """`files` instead of those in the folder, for who changes them before they are tried."""
        self.folder = folder
        files = files or files_of(folder)
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        self.code = _host.load("0.1.0", digest, files, packages_of(folder))
        self.state: dict[str, Any] = json.loads(files["state/active.state.json"])
        self.manifest: dict[str, list[dict[str, Any]]] = json.loads(self.code.manifest())
        self.matcher = Matcher(folder)
        self._stateful = {tool["name"] for tool in self.manifest["tools"] if tool["is_stateful"]}
        self._sessions: dict[tuple[Path, str], str] = {}

    def cases(self) -> Iterator[tuple[str, Path, dict[str, Any]]]:
        """Each case, with its place."""
        for tier in TIERS:
            for path in sorted((self.folder / "tests" / tier).glob("*.jsonl")):
                lines = path.read_text(encoding="utf-8").splitlines()
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        name = path.relative_to(self.folder).as_posix()
                        yield f"{name}:{number}", path, json.loads(line)

    def answer(self, path: Path, case: dict[str, Any]) -> Any:
        """What a tool answers to a case."""
        state = json.dumps(plain(merged(self.state, case.get("state", {})))).encode()
        info = Call(_host.parse_state(state), None, case.get("seed", 0))
        key = (path, case.get("session", ""))
        if case["tool"] in self._stateful:
            info.session = json.loads(self._sessions.get(key, "{}"))
        value = self.call("tool", case["tool"], case.get("args", {}), info)
        # As in the host, a turn that was refused leaves nothing behind.
        if info.session is not None and "session" in case:
            self._sessions[key] = json.dumps(info.session)
        return value

    def call(self, kind: str, name: str, arguments: dict[str, Any], info: Call | None = None) -> Any:
        """Calls as the host would, and lets tools call each other."""
        info = info or Call(_host.parse_state(json.dumps(self.state).encode()))
        info.tools = lambda tool, body: self._wait(_host.call(self.code, "tool", tool, body, info))
        body = json.dumps(arguments).encode()
        return json.loads(self._wait(_host.call(self.code, kind, name, body, info)))

    @staticmethod
    def _wait(answer: Any) -> bytes:
        async def finished() -> bytes:
            made: bytes = await answer
            return made

        return answer if isinstance(answer, bytes) else asyncio.run(finished())


def failure(workspace: Workspace, path: Path, case: dict[str, Any]) -> str | None:
    """What is wrong with a case, if anything."""
    if unknown := case.keys() - KEYS:
        return f"a case has no key {', '.join(sorted(unknown))}"
    if "expect" not in case:
        return "a case says what it expects"
    wanted = case["expect"]
    refused = wanted["$error"] if isinstance(wanted, dict) and wanted.keys() == {"$error"} else None
    try:
        found = workspace.answer(path, case)
    except _host.ToolError as refusal:
        if refused is None:
            return f"refused: {refusal.message}"
        return None if refused in refusal.message else f"refused otherwise: {refusal.message}"
    if refused is not None:
        return f"answered {found!r} instead of refusing"
    if isinstance(wanted, dict) and wanted.keys() == {"$scorer", "min"}:
        return workspace.matcher.score(found, case)
    return workspace.matcher.difference(found, wanted)


@unittest.skipUnless((ROOT / "templates").is_dir(), "the repository is not around the package")
class Workspaces(unittest.TestCase):
    maxDiff = None

    def load(self, folder: Path) -> Workspace:
        workspace = Workspace(folder)
        self.addCleanup(workspace.code.close)
        return workspace

    def check(self, workspace: Workspace) -> list[dict[str, Any]]:
        """Runs every case, and wants one of each tool, and no case twice in a file."""
        self.assertEqual(workspace.manifest["warnings"], [])
        cases = [case for case in workspace.cases() if "skip" not in case[2]]
        known: set[tuple[Path, str]] = set()
        for place, path, case in cases:
            called = case.get("name") or json.dumps([case.get(key) for key in IDENTITY], sort_keys=True)
            self.assertTrue("session" in case or (path, called) not in known, f"{place} stands there twice")
            known.add((path, called))
        for place, path, case in cases:
            with self.subTest(place):
                self.assertIsNone(failure(workspace, path, case))
        tried = {case["tool"] for _, _, case in cases}
        self.assertEqual({tool["name"] for tool in workspace.manifest["tools"]} - tried, set())
        return [case for _, _, case in cases]

    def test_the_reference_workspace_answers_as_its_cases_say(self) -> None:
        workspace = self.load(ROOT)

        cases = self.check(workspace)

        refused = {case["tool"] for case in cases if "$error" in json.dumps(case["expect"])}
        self.assertGreaterEqual(len(workspace.manifest["tools"]), 12)
        self.assertGreaterEqual(len(refused), 8)
        for tool in workspace.manifest["tools"]:
            about = tool["input_schema"].get("properties", {})
            self.assertLess(len(tool["description"]), 400, tool["name"])
            self.assertLess(len(about), 9, tool["name"])

    def test_each_template_answers_as_its_cases_say(self) -> None:
        self.assertGreaterEqual(len(TEMPLATES), 4)
        for folder in TEMPLATES:
            with self.subTest(folder.name):
                self.check(self.load(folder))

    def test_pages_are_read_asked_about_and_completed(self) -> None:
        workspace = self.load(ROOT)

        read = workspace.call("resource", "handbook://{name}", {"uri": "handbook://on-call"})
        asked = workspace.call("prompt", "answer_from_handbook", {"question": "Who?", "page": "on-call"})
        typed = workspace.call("completion", "answer_from_handbook#page", {"value": "On"})

        self.assertEqual(read["mime_type"], "text/markdown")
        self.assertTrue(read["text"].startswith("# On call\n"))
        text = asked["messages"][0]["content"]["text"]
        self.assertTrue(text.startswith("Read handbook://on-call and answer"))
        self.assertTrue(text.endswith("\n\nWho?"))
        self.assertEqual(typed["values"], ["on-call", "onboarding"])
        with self.assertRaisesRegex(_host.ToolError, "no page 'nowhere'; it has: data, expenses"):
            workspace.call("resource", "handbook://{name}", {"uri": "handbook://nowhere"})

    def test_the_state_alone_changes_what_each_tuned_tool_answers(self) -> None:
        workspace = self.load(ROOT)
        turned: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            ("pick", {}, {"bandit": {"epsilon": 0.0, "arms": {"steps": {"reward_sum": 40.0}}}}),
            ("search_handbook", {"query": "tests before a release"}, {"search": {"title_weight": 0, "b": 0}}),
            ("rank_phrasings", {}, {"preferences": {"scores": [0.0, 1.0, 2.0, 3.0]}}),
            ("recommend", {"basket": ["extract"]}, {"rules": []}),
            ("summarise", {"text": "A b c. Cats eat cats. Dogs eat cats.", "count": 1},
             {"summary": {"position": -1, "length": 2}}),
        ]  # fmt: skip
        for tool, arguments, state in turned:
            with self.subTest(tool):
                before, after = (
                    workspace.answer(ROOT, {"tool": tool, "args": arguments, "state": patch})
                    for patch in ({}, state)
                )
                self.assertNotEqual(before, after)

    def test_the_share_of_each_arm_is_its_propensity(self) -> None:
        workspace = self.load(ROOT)
        told: dict[str, float] = {}
        count = {"concise": 0, "example": 0, "steps": 0}
        for seed in range(2000):
            picked = workspace.answer(ROOT, {"tool": "pick", "seed": seed})
            told[picked["arm"]] = picked["propensity"]
            count[picked["arm"]] += 1

        self.assertAlmostEqual(sum(told.values()), 1, places=6)
        for arm, chance in told.items():
            self.assertAlmostEqual(count[arm] / 2000, chance, delta=0.03)

    def test_a_case_that_does_not_hold_is_told_of(self) -> None:
        workspace = self.load(ROOT)
        good = {"tool": "slugify", "args": {"title": "A b"}}
        no_json = {"tool": "json_pick", "args": {"document": "{", "pointer": ""}}
        bad: list[tuple[dict[str, Any], str]] = [
            ({**good, "expect": "a_b"}, 'answered\n  "a-b"'),
            ({**good, "expect": {"$error": "no"}}, "instead of refusing"),
            ({"tool": "search_handbook", "args": {"query": "release"}, "tags": ["page:none"],
              "expect": {"$scorer": "tests/scorers.py:reciprocal_rank", "min": 0.1}}, "gave 0"),
            ({**good}, "says what it expects"),
            ({**good, "expects": "a-b"}, "has no key expects"),
            ({**no_json, "expect": 1}, "refused: that is"),
            ({**no_json, "expect": {"$error": "?"}}, "refused otherwise"),
            ({"tool": "text_stats", "args": {"text": ""}, "expect": {"words": False}}, "answered"),
        ]  # fmt: skip
        for case, told in bad:
            with self.subTest(told):
                self.assertIn(told, failure(workspace, ROOT, case) or "nothing")
        self.assertIsNone(failure(workspace, ROOT, {**good, "expect": "a-b"}))


class Matching(unittest.TestCase):
    def test_a_matcher_takes_what_it_says_and_nothing_else(self) -> None:
        matcher = Matcher(ROOT)
        pairs: list[tuple[Any, list[Any], list[Any]]] = [
            (1, [1, 1.0], [True, "1", 2, None]),
            ({"a": [1, {"$near": 2, "within": 0.5}]}, [{"a": [1, 2.5]}], [{"a": [1, 2.6]}, {"a": [1]}, {"a": [1, True]}]),
            ({"$subset": {"a": 1}}, [{"a": 1, "b": 2}], [{"b": 2}, {"a": 2}, [1]]),
            ({"$subset": [1, 3]}, [[1, 2, 3], [1, 3]], [[3, 1], [1], {"1": 3}]),
            ({"$set": [1, {"$regex": "^a"}, 1]}, [["ab", 1, 1]], [[1, "ab"], [1, 1, "b"], [1, "ab", "ac"]]),
            ({"$set": [{"$regex": "a"}, "a"]}, [["a", "ab"], ["ab", "a"]], [["b", "a"]]),
            ({"$regex": "b+$"}, ["abb"], ["abc", 1]),
            ({"$schema": {"type": "integer", "minimum": 2}}, [2, 3.0], [1, 2.5, "3", True]),
            ({"$equal": {"$regex": "a"}}, [{"$regex": "a"}], ["a"]),
            ({"$subset": {"a": {"b": [2]}}}, [{"a": {"b": [1, 2], "c": 3}}], [{"a": {"c": 3}}]),
        ]
        for wanted, good, bad in pairs:
            for value in good:
                with self.subTest(wanted=wanted, value=value):
                    self.assertIsNone(matcher.difference(value, wanted))
            for value in bad:
                with self.subTest(wanted=wanted, value=value):
                    self.assertIsNotNone(matcher.difference(value, wanted))
        for wrong in ({"$near": 1}, [{"$regexp": "a"}]):
            with self.assertRaisesRegex(ValueError, "is no matcher"):
                matcher.difference([1], wrong)
