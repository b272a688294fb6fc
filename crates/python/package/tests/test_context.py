"""What a tool is given beside its arguments."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import random
import unittest
from typing import Any

from luthier import _host, current

from .support import Call, VersionTest


class Contexts(VersionTest):
    def test_every_part_of_the_context_reaches_sync_and_async_tools(self) -> None:
        for keyword, call in (("def", "ctx.call"), ("async def", "await ctx.call_async")):
            with self.subTest(keyword):
                code = self.load_files(
                    {
                        "tools/runner/m.py": f"""
from luthier import *
@tool(stateful=True)
{keyword} f(x: int, c: Context | None = None) -> dict:
    ctx = c
    ctx.session["turns"] = ctx.session.get("turns", 0) + x
    ctx.log.info("heard", x=x, when=object)
    ctx.progress(1, 2, "half")
    return {{
        "state": ctx.state["greeting"], "id": ctx.conversation_id, "version": ctx.version,
        "revision": ctx.revision, "text": ctx.assets["notes/a.txt"].text, "open": ctx.assets["notes/a.txt"].open().read(),
        "bytes": len(ctx.assets["notes/a.txt"].bytes), "names": sorted(ctx.assets), "rng": ctx.rng.random(),
        "again": ctx.rng.random(), "called": {call}("g", {{"y": 1}}), "same": current() is ctx,
        "cancelled": ctx.cancelled, "left": ctx.seconds_left, "trace": ctx.traceparent,
        "lines": ctx.assets["notes/a.txt"].lines(), "json": ctx.assets["n.json"].json(),
    }}
""",
                        "state/assets/notes/a.txt": "é\nb\n",
                        "state/assets/n.json": "[1]",
                    }
                )
                info = Call(state=_host.parse_state(b'{"greeting":"hi"}'), session={"turns": 2})
                info.tools = lambda name, body: json.dumps([name, json.loads(body)]).encode()
                drawn = random.Random(7)

                self.assertEqual(
                    self.call(code, "f", info, x=3),
                    {
                        "state": "hi", "id": "conversation", "version": "1.2.3", "revision": 4, "text": "é\nb\n",
                        "open": "é\nb\n", "bytes": 5, "names": ["n.json", "notes/a.txt"], "rng": drawn.random(),
                        "again": drawn.random(), "called": ["g", {"y": 1}], "same": True, "cancelled": False,
                        "left": None, "trace": None, "lines": ["é", "b"], "json": [1],
                    },
                )  # fmt: skip
                self.assertEqual(info.session, {"turns": 5})
                self.assertEqual(
                    info.told,
                    [
                        ("LOG", {"level": "info", "message": "heard",
                                 "fields": {"x": 3, "when": "<class 'object'>"}}),
                        ("PROGRESS", {"progress": 1, "total": 2, "message": "half"}),
                    ],
                )  # fmt: skip
                self.assertEqual(list(self.tool(code)["input_schema"]["properties"]), ["x"])

    def test_current_finds_each_call_of_many_that_run_at_once(self) -> None:
        code = self.load(
            """
            import asyncio
            @tool
            async def f() -> list[str]:
                before = current().conversation_id
                await asyncio.sleep(0)
                return [before, current().conversation_id]
            """
        )

        async def many() -> list[bytes]:
            infos = [Call() for _ in range(5)]
            for number, info in enumerate(infos):
                info.conversation_id = str(number)
            calls: list[Any] = [_host.call(code, "tool", "f", b"{}", info) for info in infos]
            return list(await asyncio.gather(*calls))

        self.assertEqual(asyncio.run(many()), [f'["{n}","{n}"]'.encode() for n in range(5)])
        with self.assertRaisesRegex(RuntimeError, "no tool is being called here"):
            current()

    def test_a_session_belongs_to_stateful_tools(self) -> None:
        code = self.load("@tool\ndef f(ctx: Context) -> None:\n    ctx.session")

        with self.assertRaisesRegex(RuntimeError, r"write `@tool\(stateful=True\)`"):
            self.call(code, "f", Call(session={}))

    def test_a_session_keeps_plain_json_or_says_what_is_none(self) -> None:
        code = self.load(
            """
            @tool(stateful=True)
            def f(good: bool, ctx: Context) -> None:
                ctx.session["value"] = {"when": datetime.date(2026, 1, 31)} if good else {"x": [math.nan]}
            """
        )
        info = Call(session={"kept": 1})
        self.call(code, "f", info, good=True)
        self.assertEqual(info.session, {"kept": 1, "value": {"when": "2026-01-31"}})

        with self.assertRaises(_host.ToolError) as caught:
            self.call(code, "f", info, good=False)
        self.assertEqual(
            caught.exception.message,
            "the session at /value/x/0 is nan, which JSON cannot hold: return None or text instead",
        )

    def test_a_nested_call_in_async_code_has_to_be_awaited(self) -> None:
        code = self.load("@tool\nasync def f(ctx: Context) -> None:\n    ctx.call('g')")

        with self.assertRaisesRegex(RuntimeError, "await ctx.call_async"):
            self.call(code)

    def test_an_asset_that_is_not_there_names_those_that_are(self) -> None:
        code = self.load_files(
            {
                "tools/runner/m.py": "from luthier import *\n@tool\ndef f(ctx: Context) -> str:\n    return ctx.assets['x'].text",
                "state/assets/a.txt": "",
            }
        )

        with self.assertRaisesRegex(KeyError, "there is no asset 'x'; there are: a.txt"):
            self.call(code)

    def test_a_log_line_never_fails_a_tool(self) -> None:
        code = self.load(
            """
            class Bad:
                def __str__(self): raise ValueError
            @tool
            def f(ctx: Context) -> None:
                loop = []; loop.append(loop)
                ctx.log.error(Bad(), loop=loop, text="\\ud800", nan=math.nan, long="x" * 100_000)
                ctx.log.debug("y" * 100_000)
            """
        )
        info = Call()
        self.call(code, "f", info)

        (_, first), (_, second) = info.told
        self.assertEqual(first["message"], "<Bad whose text failed: ValueError>")
        self.assertEqual(
            {name: value for name, value in first["fields"].items() if name != "long"},
            {"loop": "[[...]]", "text": "?", "nan": "nan"},
        )
        self.assertLess(len(first["fields"]["long"]), 17_000)
        self.assertLess(len(second["message"]), 17_000)


class State(unittest.TestCase):
    state = _host.parse_state(b'{"a":{"b":[1,{"c":2}]},"n":null}')

    def test_it_reads_like_plain_json(self) -> None:
        plain = {"a": {"b": [1, {"c": 2}]}, "n": None}

        self.assertEqual(self.state, plain)
        self.assertEqual(json.loads(json.dumps(self.state)), plain)
        self.assertEqual(list(self.state), ["a", "n"])
        self.assertIsInstance(hash(self.state), int)

    def test_it_refuses_every_change(self) -> None:
        changes: list[Any] = [
            lambda s: s.__setitem__("x", 1), lambda s: s.update(x=1), lambda s: s.pop("a"), lambda s: s.clear(),
            lambda s: s.setdefault("x", 1), lambda s: s.popitem(), lambda s: s.__delitem__("a"),
            lambda s: s.__ior__({"x": 1}), lambda s: s["a"]["b"].append(1), lambda s: s["a"]["b"].__setitem__(0, 2),
            lambda s: s["a"]["b"].sort(), lambda s: s["a"]["b"].__iadd__([1]), lambda s: s["a"]["b"][1].pop("c"),
        ]  # fmt: skip
        for change in changes:
            with self.assertRaisesRegex(TypeError, "the state is read-only"):
                change(self.state)

    def test_a_copy_can_be_changed(self) -> None:
        for made in (copy.deepcopy(self.state), pickle.loads(pickle.dumps(self.state))):
            made["a"]["b"][1]["c"] = 3
            self.assertEqual(made["a"]["b"], [1, {"c": 3}])
            self.assertIs(type(made["a"]), dict)
        self.assertEqual(self.state["a"]["b"][1]["c"], 2)
