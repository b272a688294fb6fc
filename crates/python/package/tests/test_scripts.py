"""Functions of a version's files that nobody serves."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from luthier import _host

from .support import Call, VersionTest

FILES = {
    "tools/lib/words.py": "def alike(a, b): return float(a == b)\n",
    "tests/scorers.py": """\
from lib.words import alike

def same(args, value, case):
    return alike(args["text"], value)

async def later(args, value, case):
    return 0.5

def broken(args, value, case):
    return 1 / 0

def wordy(args, value, case):
    return object()

def ends(args, value, case):
    raise SystemExit(3)
""",
    "tests/unread.py": "def f(:\n",
}


class ScriptsTest(VersionTest):
    def setUp(self) -> None:
        self.code = self.load_files(FILES)

    def run_script(self, name: str, *arguments: Any) -> Any:
        answer = _host.call(self.code, "script", name, json.dumps(arguments).encode(), Call())
        if not isinstance(answer, bytes):
            answer = asyncio.run(_finished(answer))
        return json.loads(answer)

    def refused(self, name: str, *arguments: Any) -> tuple[str, Any]:
        with self.assertRaises(_host.ToolError) as caught:
            self.run_script(name, *arguments)
        data = caught.exception.data or {}
        return caught.exception.message, (data.get("file"), data.get("line"))

    def test_a_function_is_called_with_the_values_of_an_array(self) -> None:
        self.assertEqual(self.run_script("tests/scorers.py:same", {"text": "a"}, "a", {}), 1.0)

    def test_a_coroutine_is_waited_for(self) -> None:
        self.assertEqual(self.run_script("tests/scorers.py:later", {}, "a", {}), 0.5)

    def test_what_is_raised_is_told_with_its_place(self) -> None:
        self.assertEqual(
            self.refused("tests/scorers.py:broken", {}, "a", {}),
            ("tests/scorers.py:10: ZeroDivisionError: division by zero", ("tests/scorers.py", 10)),
        )
        self.assertEqual(
            self.refused("tests/scorers.py:ends", {}, "a", {}),
            ("tests/scorers.py:16: SystemExit: 3", ("tests/scorers.py", 16)),
        )

    def test_a_file_that_python_cannot_read_is_told_with_its_place(self) -> None:
        self.assertEqual(
            self.refused("tests/unread.py:f"),
            ("tests/unread.py:1: SyntaxError: invalid syntax", ("tests/unread.py", 1)),
        )

    def test_what_is_not_there_is_named(self) -> None:
        nowhere = (None, None)
        self.assertEqual(
            self.refused("tests/none.py:f"), ("there is no file `tests/none.py` in this version", nowhere)
        )
        self.assertEqual(
            self.refused("tests/scorers.py:none"), ("`tests/scorers.py` has no function `none`", nowhere)
        )

    def test_a_value_that_is_no_json_is_refused(self) -> None:
        message, _ = self.refused("tests/scorers.py:wordy", {}, "a", {})
        self.assertIn("what `tests/scorers.py:wordy` returned is", message)


async def _finished(answer: Any) -> bytes:
    return bytes(await answer)
