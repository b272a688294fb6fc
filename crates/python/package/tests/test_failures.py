"""What does not load says where and why; what raises shows the author's lines alone."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from luthier import DeclarationError, _host

from .support import Call, VersionTest

HEAD = "from luthier import *\n"

# source -> (line, column, message)
PROBLEMS: dict[str, tuple[int | None, int | None, str | None]] = {
    "def f(:\n": (1, 7, "SyntaxError: invalid syntax"),
    "x = 1\n  y = 2\n": (2, 2, "IndentationError: unexpected indent"),
    "x = 1\n1 / 0\n": (2, 1, "ZeroDivisionError: division by zero"),
    "import nowhere\n": (
        1, 1,
        "ModuleNotFoundError: No module named 'nowhere': add it to tools/requirements.txt, or use the"
        " standard library",
    ),
    "from json import nothing\n": (1, 1, None),
    "import lib.q\n": (1, 1, "ModuleNotFoundError: there is no folder tools/lib in this version"),
    "from . import other\n": (
        1, 1,
        "ImportError: modules of tools/runner are loaded each by itself and have no neighbours: put what"
        " they share into tools/lib and write `from lib import …`",
    ),
    "raise SystemExit(3)\n": (1, 1, "SystemExit: 3"),
    "def f(): f()\nf()\n": (1, 10, "RecursionError: maximum recursion depth exceeded"),
    HEAD + "@tool\ndef f(): ...\n@tool(name='f')\ndef g(): ...\n": (
        4, None, "the tool `f` is defined twice: here and at tools/runner/m.py:2. Rename one of them",
    ),
    HEAD + "@tool(name='a b')\ndef f(): ...\n": (
        2, None,
        "the tool has the name 'a b': give it 1 to 64 letters, digits, `_` or `-` with `name=\"…\"`",
    ),
    HEAD + "tool(lambda: 1)\n": (
        2, None,
        "the tool has the name '<lambda>': give it 1 to 64 letters, digits, `_` or `-` with `name=\"…\"`",
    ),
    HEAD + "@tool\nclass A: ...\n": (2, 2, "@tool is put on the class `A`: put it on a function"),
    HEAD + "class A:\n    @tool\n    @staticmethod\n    def f(): ...\n": (
        3, 6, "@tool is put on a method: put it on a function of the module",
    ),
    HEAD + "@tool(deadline_ms=0)\ndef f(): ...\n": (
        2, None, "deadline_ms is 0: give whole milliseconds from 1 to 86400000",
    ),
    HEAD + "@tool(annotations={'readonly': True})\ndef f(): ...\n": (
        2, None,
        "annotations has `readonly`: known are title, readOnlyHint, destructiveHint, idempotentHint,"
        " openWorldHint",
    ),
    HEAD + "@tool\ndef f():\n    yield 1\n": (
        2, None,
        "the tool `f` cannot be served: it is a generator: return a list, and tell of progress with"
        " `ctx.progress(…)`",
    ),
    HEAD + "@tool(stateful=True)\ndef f(): ...\n": (
        2, None, "the tool `f` cannot be served: it is stateful but takes no context: add a parameter `ctx: Context`",
    ),
    HEAD + "@resource('notes')\ndef f(): ...\n": (
        2, None,
        "the resource `f` cannot be served: 'notes' is no URI: begin it with a scheme, as in `notes://notes`",
    ),
    HEAD + "@resource('n://{id}')\ndef f(): ...\n": (
        2, None, "the resource `f` cannot be served: its template has `id`, but the function no such parameter",
    ),
    HEAD + "@resource('n://x')\ndef f(id: str): ...\n": (
        2, None,
        "the resource `f` cannot be served: it needs `id`, but its template has no such variable: write"
        ' `@resource("n://x/{id}")`',
    ),
    HEAD + "@resource('n://{x')\ndef f(): ...\n": (
        2, None,
        "the resource `f` cannot be served: the template 'n://{x' is not understood: write variables as"
        " `{name}` or `{name*}`",
    ),
    HEAD + "@completion('p', 'a')\ndef f(): ...\n": (
        2, None,
        "the completion `p#a` cannot be served: it takes the text typed so far, and if it wants a dict of"
        " the other arguments",
    ),
}  # fmt: skip


class Failures(VersionTest):
    def test_a_version_that_does_not_load_says_where_and_why(self) -> None:
        for source, (line, column, message) in PROBLEMS.items():
            with self.subTest(source):
                problem = self.problem(source)
                self.assertEqual(problem["file"], "tools/runner/m.py")
                self.assertEqual((problem["line"], problem.get("column")), (line, column))
                if message is not None:
                    self.assertEqual(problem["message"], message)

    def test_a_failed_load_leaves_no_module_behind(self) -> None:
        before = set(sys.modules)
        self.problem({"tools/runner/m.py": "import lib.a\n1/0", "tools/lib/a.py": ""})

        self.assertEqual({name for name in set(sys.modules) - before if "@" in name}, set())

    def test_a_failure_in_lib_is_found_there(self) -> None:
        problem = self.problem({"tools/runner/m.py": "import lib.a\n", "tools/lib/a.py": "x = 1\n1 / 0\n"})

        self.assertEqual((problem["file"], problem["line"]), ("tools/lib/a.py", 2))
        self.assertNotIn("luthier", problem["traceback"])

    def test_a_tool_defined_in_two_files_names_both_places(self) -> None:
        source = HEAD + "\n@tool\ndef f() -> None: ...\n"
        problem = self.problem({"tools/runner/a.py": source, "tools/runner/b.py": source})

        self.assertEqual((problem["file"], problem["line"]), ("tools/runner/b.py", 3))
        self.assertIn("tools/runner/a.py:3", problem["message"])

    def test_outside_a_load_a_bad_declaration_is_an_exception_of_its_own(self) -> None:
        from luthier import tool

        with self.assertRaisesRegex(DeclarationError, "give it 1 to 64 letters"):
            tool(name="ä")(lambda: None)


TRACED = """\
from luthier import tool, ToolError
from lib.deep import dig

@tool
def f(n: int) -> int:
    if n == 0:
        return dig(n)
    if n == 1:
        try:
            dig(0)
        except ZeroDivisionError as error:
            raise ValueError("outer") from error
    if n == 2:
        import json
        json.loads("{")
    raise ToolError("try another", {"n": n})
"""


class Tracebacks(VersionTest):
    def traced(self, n: int) -> str:
        files: dict[str, Any] = {
            "tools/runner/m.py": TRACED,
            "tools/lib/deep.py": "def dig(n):\n    return 1 // n\n",
        }
        code = self.load_files(files)
        # Another version has other lines at the same places.
        self.load_files({path: "\n" + body for path, body in files.items()}, "ff" * 32)
        try:
            self.call(code, n=n)
        except Exception as error:
            return _host.format_exception(error)
        raise AssertionError("nothing was raised")

    def lines(self, n: int) -> list[str]:
        return [line for line in self.traced(n).splitlines() if "^" not in line]

    def test_a_traceback_shows_the_authors_frames_and_lines_alone(self) -> None:
        self.assertEqual(
            self.lines(0),
            [
                "Traceback (most recent call last):",
                '  File "tools/runner/m.py", line 7, in f',
                "    return dig(n)",
                '  File "tools/lib/deep.py", line 2, in dig',
                "    return 1 // n",
                "ZeroDivisionError: integer division or modulo by zero",
            ],
        )

    def test_the_cause_of_an_exception_is_trimmed_too(self) -> None:
        text = self.traced(1)

        self.assertEqual(text.count("File "), 3)
        self.assertIn("The above exception was the direct cause", text)
        self.assertIn('    raise ValueError("outer") from error', text)

    def test_frames_of_libraries_are_left_out(self) -> None:
        self.assertEqual(
            self.lines(2)[:3],
            ["Traceback (most recent call last):", '  File "tools/runner/m.py", line 15, in f', '    json.loads("{")'],
        )
        self.assertEqual(len(self.lines(2)), 4)

    def test_an_author_who_formats_a_traceback_sees_source_lines(self) -> None:
        code = self.load_files(
            {
                "tools/runner/m.py": "from luthier import tool\nimport traceback\n@tool\ndef f() -> str:\n"
                "    try:\n        1 / 0\n    except Exception:\n        return traceback.format_exc()\n"
            }
        )

        self.assertIn("        1 / 0\n".strip(), self.call(code))

    def test_a_tool_error_carries_message_and_data(self) -> None:
        code = self.load_files({"tools/runner/m.py": TRACED, "tools/lib/deep.py": "dig = None"})
        refusal = self.refusal(code, n=3)

        self.assertEqual((refusal.message, refusal.data), ("try another", {"n": 3}))

    def test_an_unknown_name_is_refused(self) -> None:
        self.assertEqual(self.refusal(self.load(), "nothing").message, "this version has no tool `nothing`")

    def test_exceptions_that_cannot_be_shown_are_shown(self) -> None:
        code = self.load(
            """
            class Bad(Exception):
                def __str__(self): raise RuntimeError("no text")
            @tool
            def f() -> None: raise Bad()
            """
        )
        with self.assertRaises(Exception) as caught:
            self.call(code)
        self.assertIn("Bad", _host.format_exception(caught.exception))
        traceback.clear_frames(caught.exception.__traceback__)

    def test_a_group_of_exceptions_is_trimmed_in_its_parts(self) -> None:
        code = self.load(
            """
            import asyncio
            async def fail(n): raise ValueError(n)
            @tool
            async def f() -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail(1))
                    group.create_task(fail(2))
            """
        )
        with self.assertRaises(ExceptionGroup) as caught:
            self.call(code, "f", Call())
        text = _host.format_exception(caught.exception)
        self.assertNotIn("asyncio/", text)
        self.assertEqual(text.count("in fail"), 2)
