"""Resources, prompts and completions."""

from __future__ import annotations

import base64
from typing import Any

from .support import Call, VersionTest

SOURCE = '''
@resource("notes://all", title="All")
def every() -> list[str]:
    """Every note."""
    return ["a", "b"]

@resource("notes://{id}/{part}", name="one")
def one(id: int, part: str, limit: int = 3) -> str:
    return f"{id!r} {part!r} {limit!r}"

@resource("files://{path*}", mime_type="image/png")
async def file(path: str, ctx: Context) -> bytes:
    return path.encode() + ctx.version.encode()

@resource("search://{area}{?q,limit}")
def search(area: str, q: str = "", limit: int = 3) -> dict:
    return {"area": area, "q": q, "limit": limit}

@prompt
def review(language: Literal["python", "rust"], strict: bool = False, focus: str = "all") -> str:
    """Reviews code.

    Args:
        language: what it is written in
    """
    return f"{language} {strict!r} {focus}"

@prompt(name="chat", description="Talks.")
async def talk(n: int) -> list[Any]:
    return ["hello", {"role": "assistant", "content": "hi"}, {"role": "user", "content": {"type": "text", "text": str(n)}}]

@prompt
def broken() -> Any:
    return 5

@completion("review", "focus")
def focus(text: str, known: dict) -> list[str]:
    return [word for word in ["safety", "speed", known.get("language", "")] if word.startswith(text)]

@completion("notes://{id}/{part}", "id")
async def ids(text: str) -> list[int]:
    return list(range(200))
'''


class Resources(VersionTest):
    def setUp(self) -> None:
        self.code = self.load(SOURCE)

    def read(self, key: str, uri: str) -> Any:
        return self.call(self.code, key, kind="resource", uri=uri)

    def test_the_manifest_tells_resources_and_templates_apart(self) -> None:
        first, second = self.manifest(self.code)["resources"][:2]

        self.assertEqual(
            first,
            {
                "uri": "notes://all", "name": "every", "title": "All", "description": "Every note.",
                "mime_type": "application/json", "is_async": False, "module": "tools/runner/m.py", "line": 7,
            },
        )  # fmt: skip
        self.assertEqual(
            (second["uri_template"], second["name"], second["mime_type"], second["uri_pattern"]),
            ("notes://{id}/{part}", "one", "text/plain", "^notes://(?P<id>[^/?#]+)/(?P<part>[^/?#]+)$"),
        )

    def test_what_a_function_returns_is_text_json_or_base64(self) -> None:
        cases = {
            ("notes://all", "notes://all"): {"mime_type": "application/json", "text": '["a","b"]'},
            ("notes://{id}/{part}", "notes://7/caf%C3%A9"): {"mime_type": "text/plain", "text": "7 'café' 3"},
            ("files://{path*}", "files://a/b"): {
                "mime_type": "image/png", "blob": base64.b64encode(b"a/b1.2.3").decode(),
            },
            ("search://{area}{?q,limit}", "search://here"): {
                "mime_type": "application/json", "text": '{"area":"here","q":"","limit":3}',
            },
            ("search://{area}{?q,limit}", "search://here?q=a%20b&limit=9&other=1"): {
                "mime_type": "application/json", "text": '{"area":"here","q":"a b","limit":9}',
            },
        }  # fmt: skip
        for (key, uri), expected in cases.items():
            with self.subTest(uri):
                self.assertEqual(self.read(key, uri), expected)

    def test_a_uri_that_does_not_fit_is_refused(self) -> None:
        from luthier import ToolError

        cases = {
            "notes://7": "'notes://7' does not fit the template 'notes://{id}/{part}'",
            "notes://x/y": "the argument at /id: invalid literal for int() with base 10: 'x'",
        }
        for uri, message in cases.items():
            with self.subTest(uri), self.assertRaises(ToolError) as caught:
                self.read("notes://{id}/{part}", uri)
            self.assertEqual(caught.exception.message, message)


class Prompts(VersionTest):
    def setUp(self) -> None:
        self.code = self.load(SOURCE)

    def test_the_manifest_has_the_arguments(self) -> None:
        first = self.manifest(self.code)["prompts"][0]

        self.assertEqual((first["name"], first["description"]), ("review", "Reviews code."))
        self.assertEqual(
            first["arguments"],
            [
                {
                    "name": "language", "description": "what it is written in", "required": True,
                    "choices": ["python", "rust"],
                },
                {"name": "strict", "description": "", "required": False},
                {"name": "focus", "description": "", "required": False},
            ],
        )  # fmt: skip

    def test_text_becomes_a_message_and_arguments_come_as_annotated(self) -> None:
        answer = self.call(self.code, "review", kind="prompt", language="rust", strict="true")
        self.assertEqual(
            answer,
            {
                "description": "Reviews code.",
                "messages": [{"role": "user", "content": {"type": "text", "text": "rust True all"}}],
            },
        )
        answer = self.call(self.code, "chat", kind="prompt", n="5")
        self.assertEqual(
            [(message["role"], message["content"]["text"]) for message in answer["messages"]],
            [("user", "hello"), ("assistant", "hi"), ("user", "5")],
        )

    def test_arguments_that_do_not_fit_are_refused(self) -> None:
        from luthier import ToolError

        cases: list[tuple[str, dict[str, Any], str]] = [
            ("review", {}, "the prompt `review` needs `language`"),
            ("review", {"language": "rust", "x": "1"}, "the prompt `review` has no argument `x`"),
            ("chat", {"n": "five"}, "the argument at /n: invalid literal for int() with base 10: 'five'"),
            ("broken", {}, "a prompt returns text, contents, or messages as"),
        ]
        for name, arguments, message in cases:
            with self.subTest(name, arguments=arguments), self.assertRaises(ToolError) as caught:
                self.call(self.code, name, kind="prompt", **arguments)
            self.assertIn(message, caught.exception.message)

    def test_completions_know_the_other_arguments_and_are_bounded(self) -> None:
        info = Call()
        answer = self.call(
            self.code, "review#focus", info, kind="completion", value="s", context={"language": "swift"}
        )
        self.assertEqual(answer, {"values": ["safety", "speed", "swift"], "total": 3, "has_more": False})

        answer = self.call(self.code, "notes://{id}/{part}#id", info, kind="completion", value="")
        self.assertEqual((len(answer["values"]), answer["total"], answer["has_more"]), (100, 200, True))
        self.assertEqual(
            [(entry["of"], entry["name"], entry["argument"]) for entry in self.manifest(self.code)["completions"]],
            [("prompt", "review", "focus"), ("resource", "notes://{id}/{part}", "id")],
        )
