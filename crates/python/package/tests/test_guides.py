"""The examples of the guides load and do what they say."""

from __future__ import annotations

import json
import re
import unittest
from pathlib import Path

from .support import Call, VersionTest

ASSETS = {"state/assets/sales.png": b"png", "state/assets/sales.csv": "a,b"}
GUIDES = Path(__file__).parents[4] / "docs" / "guides"


@unittest.skipUnless(GUIDES.is_dir(), "the guides are not beside the package")
class Guides(VersionTest):
    def files_of(self, page: str) -> dict[str, str]:
        text = (GUIDES / page).read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n# (tools/\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        self.assertEqual(len(blocks), text.count("```python"))
        return dict(blocks)

    def test_write_a_tool(self) -> None:
        code = self.load_files({**self.files_of("write-a-tool.md"), "state/assets/plan.md": "# Plan", **ASSETS})
        info = Call(state={"greetings": ["Hi"]}, session={})

        self.assertEqual(self.manifest(code)["warnings"], [])
        self.assertEqual(self.call(code, "slugify", title="A Big Day"), "a-big-day")
        hits = self.call(code, "search", text="one\nTwo\ntwofold", word="two")
        self.assertEqual(hits, [{"line": 2, "text": "Two"}, {"line": 3, "text": "twofold"}])
        refusal = self.refusal(code, "search", text="one", word="z")
        self.assertEqual((refusal.message, refusal.data), ("no line holds 'z': try a shorter word", {"lines": 1}))
        self.assertEqual([self.call(code, "remember", info, fact="x") for _ in "ab"], [{"facts": 1}, {"facts": 2}])
        self.assertEqual(self.call(code, "greet", info), "Hi")
        self.assertEqual(self.call(code, "count_words", text="a b c"), 3)
        note = self.call(code, "notes://{name}", kind="resource", uri="notes://plan")
        self.assertEqual(note, {"mime_type": "text/markdown", "text": "# Plan"})
        asked = self.call(code, "summarise", kind="prompt", name="plan", sentences="2")
        self.assertEqual(
            asked["messages"][0]["content"]["text"], "Summarise notes://plan in 2 sentences."
        )
        names = self.call(code, "summarise#name", kind="completion", value="pl")
        self.assertEqual(names["values"], ["plan"])

        contents = self.call(code, "chart", name="sales")
        self.assertEqual([content["type"] for content in contents], ["text", "image", "resource"])
        said = {"role": "assistant", "content": {"type": "text", "text": "far ahead"}, "model": "m"}
        seat = {"action": "accept", "content": {"row": 3}}
        answers = {"question-1": said, "question-2": seat}
        info.client = json.dumps({"can": ["sampling"], "answers": answers}).encode()
        self.assertEqual(self.call(code, "book", info, wish="…"), "row 3, aisle, far ahead")

    def test_fastmcp(self) -> None:
        code = self.load_files(self.files_of("fastmcp.md"))

        self.assertEqual(self.call(code, "add", a=1), 3)
        self.assertEqual(self.call(code, "divide", a=1, b=4), 0.25)
        self.assertEqual(self.refusal(code, "divide", a=1, b=0).message, "b must not be 0")
        greeting = self.call(code, "greeting://{name}", kind="resource", uri="greeting://Ann")
        self.assertEqual(greeting["text"], "Hello, Ann!")
