"""Images, sounds and resources in results and prompts."""

from __future__ import annotations

from .support import VersionTest

TOOLS = """
@tool
def picture() -> Image:
    "D"
    return Image(b"png")

@tool
def parts(what: str) -> list[str | Content] | None:
    "D"
    if what == "number":
        return ["a", 5]
    if what == "none":
        return None
    return ["a", Audio(b"wav"), Embedded("a://b", "text"), Embedded("a://c", b"x", "x/y"), Link("a://d", "d", description="D")]

@prompt
def look() -> list:
    "D"
    return [Image(b"jpg", "image/jpeg"), {"role": "assistant", "content": Embedded("a://b", "t")}]
"""


class Contents(VersionTest):
    def test_a_tool_that_returns_contents_has_no_value_for_a_schema(self) -> None:
        code = self.load(TOOLS)

        tool = self.tool(code, "picture")

        self.assertEqual(
            (tool["result"], tool["output_schema"]), ("content", {"type": "object"})
        )
        self.assertEqual(self.call(code, "picture"), [{"type": "image", "data": "cG5n", "mimeType": "image/png"}])

    def test_a_result_may_have_parts_of_every_kind_or_none(self) -> None:
        code = self.load(TOOLS)

        self.assertEqual(
            self.call(code, "parts", what="all"),
            [
                {"type": "text", "text": "a"},
                {"type": "audio", "data": "d2F2", "mimeType": "audio/wav"},
                {"type": "resource", "resource": {"uri": "a://b", "text": "text"}},
                {"type": "resource", "resource": {"uri": "a://c", "mimeType": "x/y", "blob": "eA=="}},
                {"type": "resource_link", "uri": "a://d", "name": "d", "description": "D"},
            ],
        )
        self.assertEqual(self.call(code, "parts", what="none"), [])
        self.assertEqual(
            self.refusal(code, "parts", what="number").message,
            "the result at /1 is int, and its type promises text or contents such as Image",
        )

    def test_a_prompt_holds_contents_by_themselves_and_in_messages(self) -> None:
        messages = self.call(self.load(TOOLS), "look", kind="prompt")["messages"]

        self.assertEqual(
            messages,
            [
                {"role": "user", "content": {"type": "image", "data": "anBn", "mimeType": "image/jpeg"}},
                {"role": "assistant", "content": {"type": "resource", "resource": {"uri": "a://b", "text": "t"}}},
            ],
        )
