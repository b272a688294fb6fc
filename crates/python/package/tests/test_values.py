"""Arguments become Python values, and results become JSON."""

from __future__ import annotations

import json
import math
import unittest
from typing import Any
from unittest import mock

from luthier import _json
from luthier._errors import Mismatch

from .support import VersionTest
from .test_schema import DECLARATIONS

# annotation, JSON argument, repr of what the function is given
ARGUMENTS: list[tuple[str, Any, str]] = [
    ("str", "é", "'é'"),
    ("int", 3, "3"),
    ("int", 3.0, "3"),
    ("int", 10**30, str(10**30)),
    ("float", 3, "3.0"),
    ("bool", True, "True"),
    ("None", None, "None"),
    ("Any", {"a": [1]}, "{'a': [1]}"),
    ("bytes", "AAE=", r"b'\x00\x01'"),
    ("bytearray", "AAE=", r"bytearray(b'\x00\x01')"),
    ("list[float]", [1, 2.5], "[1.0, 2.5]"),
    ("set[int]", [1, 1], "{1}"),
    ("frozenset[str]", ["a"], "frozenset({'a'})"),
    ("tuple[int, str]", [1, "a"], "(1, 'a')"),
    ("tuple[int, ...]", [1, 2], "(1, 2)"),
    ("dict[str, float]", {"a": 1}, "{'a': 1.0}"),
    ("dict[Literal['a'], int]", {"a": 1}, "{'a': 1}"),
    ("Optional[datetime.date]", None, "None"),
    ("Optional[datetime.date]", "2026-01-31", "datetime.date(2026, 1, 31)"),
    ("datetime.date | int", 3, "3"),
    ("int | str", "3", "'3'"),
    ("str | list[str]", ["a"], "['a']"),
    ("list[int] | dict[str, int]", {"a": 1}, "{'a': 1}"),
    ("Point | Movie", {"title": "x"}, "{'title': 'x'}"),
    ("Point | Movie", {"x": 1}, "Point(x=1.0, y=0.0, tags=[])"),
    ("int | float", 2.5, "2.5"),
    ("Literal['a', 2, None]", 2, "2"),
    ("Literal[True, 'x']", True, "True"),
    ("Color", "red", "<Color.RED: 'red'>"),
    ("Level", 2, "<Level.HIGH: 2>"),
    ("Literal[Color.RED]", "red", "<Color.RED: 'red'>"),
    ("UserId", 5, "5"),
    ("Point", {"x": 1, "tags": ["t"]}, "Point(x=1.0, y=0.0, tags=['t'])"),
    ("Pair", {"left": 1}, "Pair(left=1, right='r')"),
    ("Movie", {"title": "x", "year": 1.0}, "{'title': 'x', 'year': 1}"),
    ("Page[datetime.date]", {"items": ["2026-01-31"]}, "Page(items=[datetime.date(2026, 1, 31)], next=None)"),
    (
        "Tree",
        {"name": "a", "children": [{"name": "b"}]},
        "Tree(name='a', children=[Tree(name='b', children=[])])",
    ),
    (
        "datetime.datetime",
        "2026-01-31T09:30:00Z",
        "datetime.datetime(2026, 1, 31, 9, 30, tzinfo=datetime.timezone.utc)",
    ),
    ("datetime.time", "09:30:00", "datetime.time(9, 30)"),
    ("datetime.timedelta", "PT1H30M", "datetime.timedelta(seconds=5400)"),
    ("uuid.UUID", "12345678123456781234567812345678", "UUID('12345678-1234-5678-1234-567812345678')"),
    ("decimal.Decimal", "1.10", "Decimal('1.10')"),
    ("decimal.Decimal", 1.1, "Decimal('1.1')"),
    ("pathlib.PurePosixPath", "a/b", "PurePosixPath('a/b')"),
    ("re.Pattern", "a+", "re.compile('a+')"),
]

# annotation, JSON argument, message
MISFITS: list[tuple[str, Any, str]] = [
    ("datetime.date", "31.1.", "the argument at /x: is '31.1.', and a date such as '2026-01-31' is expected"),
    ("list[datetime.date]", ["2026-01-31", "soon"],
     "the argument at /x/1: is 'soon', and a date such as '2026-01-31' is expected"),
    ("dict[str, uuid.UUID]", {"a/b": "no"}, "the argument at /x/a~1b: is 'no', and a UUID is expected"),
    ("bytes", "!", "the argument at /x: is '!', and base64 text is expected"),
    ("decimal.Decimal", "1e", "the argument at /x: is '1e', and a number such as '12.50' is expected"),
    ("re.Pattern", "(", "the argument at /x: is '(', and a regular expression is expected"),
    ("Positive", {"n": -1}, "the argument at /x: n must be positive"),
    ("list[Positive]", [{"n": 1}, {"n": -1}], "the argument at /x/1: n must be positive"),
    ("set[Any]", [[1]], "the argument at /x: cannot be a set: unhashable type: 'list'"),
]  # fmt: skip

# expression, the JSON it becomes
RESULTS: list[tuple[str, Any]] = [
    ("'text'", "text"),
    ("None", None),
    ("1.5", 1.5),
    ("2 ** 70", 2**70),
    ("{'a': (1, 2), 'b': {3}}", {"a": [1, 2], "b": [3]}),
    ("{3, 1, 2}", [1, 2, 3]),
    ("b'\\x00\\x01'", "AAE="),
    ("Color.RED", "red"),
    ("Level.HIGH", 2),
    ("{Named.A: Named.A}", {"a": "a"}),
    ("Point(1.0)", {"x": 1.0, "y": 0.0, "tags": []}),
    ("[Pair(1)]", [{"left": 1, "right": "r"}]),
    ("Tree('a', [Tree('b')])", {"name": "a", "children": [{"name": "b", "children": []}]}),
    ("datetime.datetime(2026, 1, 31, tzinfo=datetime.timezone.utc)", "2026-01-31T00:00:00+00:00"),
    ("datetime.date(2026, 1, 31)", "2026-01-31"),
    ("datetime.time(9, 30)", "09:30:00"),
    ("datetime.timedelta(hours=25, milliseconds=5)", "P1DT3600.005S"),
    ("uuid.UUID(int=1)", "00000000-0000-0000-0000-000000000001"),
    ("decimal.Decimal('1.10')", "1.10"),
    ("pathlib.Path('a/b')", "a/b"),
    ("collections.OrderedDict(a=1)", {"a": 1}),
    ("collections.Counter('aab')", {"a": 2, "b": 1}),
    ("types.MappingProxyType({'a': 1})", {"a": 1}),
    ("collections.deque([1])", [1]),
    ("MyStr('x')", "x"),
    ("MyInt(4)", 4),
    ("True", True),
]

# expression, message, pointer
REFUSED: list[tuple[str, str, str]] = [
    ("math.nan", "the result is nan, which JSON cannot hold: return None or text instead", ""),
    ("{'a': [1.0, math.inf]}", "the result at /a/1 is inf, which JSON cannot hold: return None or text instead", "/a/1"),
    ("{'a': {1: 2}}", "the result at /a has the key 1 of type int, and JSON's keys are text: write str(key)", "/a"),
    ("{None: 1}", "the result has the key None of type NoneType, and JSON's keys are text: write str(key)", ""),
    ("{'a/b': [0, 1j]}",
     "the result at /a~1b/1 is 1j of type complex, which JSON cannot hold: return a dict, list, text or number", "/a~1b/1"),
    ("{'f': Opaque()}",
     "the result at /f is … of type Opaque, which JSON cannot hold: return a dict, list, text or number", "/f"),
    ("decimal.Decimal('NaN')", "the result is Decimal('NaN'), which JSON cannot hold: return None or text instead", ""),
    ("later()", "the result is LATER of type Awaited, which JSON cannot hold: await it", ""),
    ("cycle()", "the result at /a/0/again contains itself, which JSON cannot hold: return a copy without the cycle",
     "/a/0/again"),
    ("['ok', '\\ud800']",
     "the result holds text that is not Unicode (surrogates not allowed: '\\ud800'): return bytes, or"
     " text.encode('utf-8', 'replace').decode()", ""),
    ("'x' * 20_000_000",
     "the result is 19.1 MiB of JSON, and 16.0 MiB is the limit: return a part of it, or a summary", ""),
]  # fmt: skip

MORE = """
import collections, re, types

@dataclass
class Positive:
    n: int
    def __post_init__(self):
        if self.n < 0:
            raise ValueError("n must be positive")

class Named(str, enum.Enum):
    A = "a"
class MyStr(str): pass
class MyInt(int): pass
class Opaque:
    def __repr__(self): raise RuntimeError("no")
class Awaited:
    def __await__(self): yield
    def __repr__(self): return "LATER"
def later(): return Awaited()
def cycle():
    again = {}
    again["again"] = again
    return {"a": [again]}
"""


class Values(VersionTest):
    def test_arguments_arrive_as_annotated(self) -> None:
        for annotation, argument, expected in ARGUMENTS:
            with self.subTest(annotation, argument=argument):
                code = self.load(f"{DECLARATIONS}{MORE}\n@tool\ndef f(x: {annotation}) -> str:\n    return repr(x)\n")
                self.assertEqual(self.call(code, x=argument), expected)

    def test_an_argument_that_a_schema_cannot_check_is_refused_with_its_place(self) -> None:
        for annotation, argument, message in MISFITS:
            with self.subTest(annotation, argument=argument):
                code = self.load(f"{DECLARATIONS}{MORE}\n@tool\ndef f(x: {annotation}) -> str: ...\n")
                refusal = self.refusal(code, x=argument)
                self.assertEqual(refusal.message, message)
                self.assertEqual(refusal.data, {"pointer": message.split(" ")[3].rstrip(":")})

    def test_results_become_plain_json(self) -> None:
        for orjson in (None, _json._orjson):
            with mock.patch.object(_json, "_orjson", orjson):
                for expression, expected in RESULTS:
                    with self.subTest(expression, orjson=orjson is not None):
                        code = self.load(f"{DECLARATIONS}{MORE}\n@tool\ndef f() -> Any:\n    return {expression}\n")
                        self.assertEqual(self.call(code), expected)

    def test_what_json_cannot_hold_is_refused_with_its_place_and_what_to_do(self) -> None:
        for orjson in (None, _json._orjson):
            with mock.patch.object(_json, "_orjson", orjson):
                for expression, message, pointer in REFUSED:
                    with self.subTest(expression, orjson=orjson is not None):
                        code = self.load(f"{DECLARATIONS}{MORE}\n@tool\ndef f() -> Any:\n    return {expression}\n")
                        refusal = self.refusal(code)
                        self.assertEqual(refusal.message, message)
                        self.assertEqual(refusal.data, {"pointer": pointer})

    def test_a_result_may_nest_a_hundred_levels_and_no_more(self) -> None:
        code = self.load(
            """
            @tool
            def f(n: int) -> Any:
                value: list[Any] = []
                for _ in range(n - 1):
                    value = [value]
                return value
            """
        )

        self.call(code, n=100)
        self.assertEqual(
            self.refusal(code, n=101).message,
            "the result at " + "/0" * 100 + " nests deeper than 100 levels: return something flatter",
        )
        self.assertIn("nests deeper", self.refusal(code, n=100_000).message)

    def test_defaults_and_positional_parameters_are_passed_as_the_author_wrote_them(self) -> None:
        code = self.load(
            """
            @tool
            def f(a: int, b: int = 2, /, c: int = 3, *, d: int = Field(4, ge=1)) -> list[int]:
                return [a, b, c, d]
            """
        )

        self.assertEqual(self.call(code, a=1), [1, 2, 3, 4])
        self.assertEqual(self.call(code, a=1, c=9, d=8), [1, 2, 9, 8])
        self.assertEqual(self.call(code, a=1, b=7), [1, 7, 3, 4])

    def test_a_decorated_function_can_still_be_called(self) -> None:
        from luthier import tool

        @tool
        def double(x: int) -> int:
            return x * 2

        self.assertEqual(double(2), 4)


class Json(unittest.TestCase):
    BODIES = [
        b"{}", b' {"a":1}', b'{"a":[1,2.5,-0.0,1e300,true,null,"\\u00e9\\ud83d\\ude00"]}', b"[]", b'"x"', b"1",
        b'{"n":9223372036854775808,"m":-9223372036854775809,"k":123456789012345678901234567890}',
    ]  # fmt: skip

    def test_both_readers_read_the_same(self) -> None:
        for body in self.BODIES:
            with self.subTest(body):
                padded = body + b" " * _json.ORJSON_BYTES_MIN
                with mock.patch.object(_json, "_orjson", None):
                    slow = _json.loads(padded)
                fast = _json.loads(padded)
                self.assertEqual(repr(fast), repr(slow))
                self.assertEqual(repr(slow), repr(json.loads(body)))

    def test_both_writers_write_the_same_values(self) -> None:
        for body in self.BODIES:
            value = json.loads(body)
            with self.subTest(body):
                with mock.patch.object(_json, "_orjson", None):
                    slow = _json.dumps(value)
                self.assertEqual(slow, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
                self.assertEqual(repr(json.loads(_json.dumps(value))), repr(value))

    def test_plain_values_are_not_copied(self) -> None:
        for value in ({"a": 1, "b": "x"}, [1, 2.5], "x"):
            self.assertIs(_json.plain(value), value)

    def test_infinity_among_ten_thousand_numbers_is_found(self) -> None:
        with self.assertRaises(Mismatch) as caught:
            _json.dumps({"v": [0.0] * 10_000 + [-math.inf]})
        self.assertEqual(caught.exception.pointer(), "/v/10000")
