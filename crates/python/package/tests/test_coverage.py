"""Which lines of a version a call runs, and which it could."""

from __future__ import annotations

import asyncio
import json
import textwrap
from typing import Any

from luthier import _host

from .support import Call, VersionTest

PATH = "tools/runner/m.py"

SOURCE = '''\
"""Says things."""
from luthier import tool
from lib.words import shout

SIZES = [size for size in range(3)]

class Kept:
    """A class."""
    count = 0

    def say(self) -> str:
        """Words."""
        return "kept"

@tool
def plain(loud: bool) -> str:
    """Plain."""
    if loud:
        return shout("a")
    words = [
        word
        for word in ("b", "c")
    ]
    return "".join(words)

def one(): return 1

@tool
def fails() -> str:
    """Fails."""
    try:
        raise ValueError(one())
    finally:
        Kept().say()

@tool
async def later() -> str:
    """Takes turns."""
    import asyncio
    await asyncio.sleep(0)
    return "d"

@tool
async def sooner() -> str:
    """Waits for nobody."""
    return "f"

@tool
async def never() -> str:
    """Is not asked for."""
    return "g"

@tool
def threads() -> str:
    """Starts one."""
    import threading
    other = threading.Thread(target=one)
    other.start()
    other.join()
    return "e"
'''

WORDS = '''\
def shout(text: str) -> str:
    return text.upper()

def whisper(text: str) -> str:
    return text.lower()
'''


class Noted(Call):
    """Remembers the lines."""

    lines: Any = None

    def emit(self, kind: str, header: dict[str, Any], body: bytes = b"") -> None:
        super().emit(kind, header, body)
        if kind == "coverage":
            self.lines = json.loads(body)


class CoverageTest(VersionTest):
    def setUp(self) -> None:
        self.code = self.load_files({PATH: SOURCE, "tools/lib/words.py": WORDS})

    def lines(self, name: str, **arguments: Any) -> dict[str, list[str]]:
        """The texts of the lines that a call ran, by the last part of their file."""
        info = Noted()
        body = json.dumps(arguments).encode()
        try:
            answer = _host.call_noted(self.code, "tool", name, body, info)
            if not isinstance(answer, bytes):
                asyncio.run(_finished(answer))
        except ValueError:
            pass
        return self.texts(info.lines)

    def texts(self, lines: dict[str, list[int]]) -> dict[str, list[str]]:
        sources = {PATH: SOURCE.splitlines(), "tools/lib/words.py": WORDS.splitlines()}
        return {
            path.rpartition("/")[2]: [sources[path][line - 1].strip() for line in numbers]
            for path, numbers in lines.items()
        }

    def test_the_lines_of_a_call_are_those_that_ran_in_it_and_in_what_it_calls(self) -> None:
        self.assertEqual(
            self.lines("plain", loud=True),
            {"m.py": ["if loud:", 'return shout("a")'], "words.py": ["return text.upper()"]},
        )

    def test_a_comprehension_counts_with_the_function_around_it(self) -> None:
        self.assertEqual(
            self.lines("plain", loud=False)["m.py"],
            ["if loud:", "words = [", "word", 'for word in ("b", "c")', 'return "".join(words)'],
        )

    def test_a_call_that_raises_tells_its_lines_too(self) -> None:
        self.assertEqual(
            self.lines("fails")["m.py"],
            ['return "kept"', "def one(): return 1", "try:", "raise ValueError(one())", "Kept().say()"],
        )

    def test_the_lines_of_a_coroutine_are_noted_across_its_turns(self) -> None:
        self.assertEqual(
            self.lines("later")["m.py"], ["import asyncio", "await asyncio.sleep(0)", 'return "d"']
        )

    def test_two_coroutines_that_take_turns_have_lines_of_their_own(self) -> None:
        async def both() -> tuple[Any, Any]:
            first, second = Noted(), Noted()
            call = _host.call_noted(self.code, "tool", "later", b"{}", first)
            other = _host.call_noted(self.code, "tool", "sooner", b"{}", second)
            unasked = _host.call(self.code, "tool", "never", b"{}", Noted())
            await asyncio.gather(_finished(call), _finished(other), _finished(unasked))
            return first.lines, second.lines

        first, second = asyncio.run(both())

        self.assertEqual(self.texts(first)["m.py"], ["import asyncio", "await asyncio.sleep(0)", 'return "d"'])
        self.assertEqual(self.texts(second)["m.py"], ['return "f"'])

    def test_threads_that_a_call_starts_count(self) -> None:
        self.assertIn("def one(): return 1", self.lines("threads")["m.py"])

    def test_nothing_is_noted_of_a_call_that_does_not_ask_for_it(self) -> None:
        info = Noted()

        _host.call(self.code, "tool", "plain", b'{"loud":true}', info)

        self.assertIsNone(info.lines)

    def test_what_could_run_is_the_lines_of_functions_less_docstrings_and_defs(self) -> None:
        lines = json.loads(_host.call(self.code, "about", "lines", b"{}", Noted()))

        self.assertEqual(
            self.texts(lines),
            {
                "words.py": ["return text.upper()", "return text.lower()"],
                "m.py": textwrap.dedent(
                    """\
                    return "kept"
                    if loud:
                    return shout("a")
                    words = [
                    word
                    for word in ("b", "c")
                    return "".join(words)
                    def one(): return 1
                    try:
                    raise ValueError(one())
                    Kept().say()
                    import asyncio
                    await asyncio.sleep(0)
                    return "d"
                    return "f"
                    return "g"
                    import threading
                    other = threading.Thread(target=one)
                    other.start()
                    other.join()
                    return "e\""""
                ).splitlines(),
            },
        )


async def _finished(answer: Any) -> Any:
    return answer if isinstance(answer, bytes) else await answer
