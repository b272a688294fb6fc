"""Modules written for FastMCP load unchanged, or say what they need that is not there."""

from __future__ import annotations

from .support import Call, VersionTest

SOURCE = '''
{imports}
mcp = FastMCP("demo", instructions="Be kind.")

@mcp.tool
def add(a: int, b: int = 2) -> int:
    """Adds."""
    return a + b

@mcp.tool()
def bare() -> str: return "bare"

@mcp.tool("named")
def unnamed() -> str: return "named"

@mcp.tool(name="sub-x", description="Takes away.", tags={{"b", "a"}}, annotations={{"readOnlyHint": True}}, timeout=1.5)
async def sub(a: int, ctx: Context) -> int:
    await ctx.info("hi", extra={{"k": 1}})
    await ctx.report_progress(1, 2)
    return a

@mcp.tool(enabled=False)
def off() -> None: ...

@mcp.resource("notes://{{id}}", mime_type="text/plain")
def note(id: str) -> str: return id

@mcp.prompt
def ask(topic: str) -> str: return "about " + topic

@mcp.tool
def fail() -> None: raise ToolError("no")

if __name__ == "__main__":
    mcp.run()
'''

IMPORTS = [
    "from fastmcp import FastMCP, Context\nfrom fastmcp.exceptions import ToolError",
    "from mcp.server.fastmcp import FastMCP, Context\nfrom mcp.server.fastmcp.exceptions import ToolError",
    "import fastmcp, fastmcp.exceptions\nfrom fastmcp.server.context import Context\nFastMCP = fastmcp.FastMCP\n"
    "ToolError = fastmcp.exceptions.ToolError",
    "import mcp.server.fastmcp as m\nFastMCP, Context = m.FastMCP, m.Context[int, None]\nfrom luthier import ToolError",
]

HEAD = "from fastmcp import FastMCP\nmcp = FastMCP('x')\n"
REFUSED = {
    "from fastmcp import Client": (1, "`Client` is not supported when Luthier serves a FastMCP module"),
    "import mcp.server.fastmcp.utilities.types": (1, "`mcp.server.fastmcp.utilities.types` is not supported"),
    HEAD + "mcp.run()": (3, 'put it below `if __name__ == "__main__":`'),
    HEAD + "mcp.mount(mcp)": (3, "`FastMCP.mount` is not supported"),
    HEAD + "@mcp.tool(task=True)\ndef f(): ...": (3, "`@mcp.tool(task=…)` is not supported"),
    HEAD + "FastMCP('y', lifespan=print)": (3, "`FastMCP(lifespan=…)` is not supported"),
    HEAD + "@mcp.resource\ndef f(): ...": (3, '@mcp.resource needs a URI: write `@mcp.resource("notes://all")`'),
}


class FastMcp(VersionTest):
    def test_a_module_loads_unchanged_however_it_imports(self) -> None:
        for imports in IMPORTS:
            with self.subTest(imports):
                code = self.load(SOURCE.format(imports=imports), head="")
                manifest = self.manifest(code)
                info = Call()

                self.assertEqual(
                    [tool["name"] for tool in manifest["tools"]], ["add", "bare", "named", "sub-x", "fail"]
                )
                tool = self.tool(code, "sub-x")
                self.assertEqual(list(tool["input_schema"]["properties"]), ["a"])
                self.assertEqual(
                    (tool["description"], tool["meta"], tool["annotations"], tool["deadline_ms"]),
                    ("Takes away.", {"tags": ["a", "b"]}, {"readOnlyHint": True}, 1500),
                )
                self.assertEqual(self.call(code, "add", a=1), 3)
                self.assertEqual(self.call(code, "sub-x", info, a=4), 4)
                self.assertEqual(
                    info.told,
                    [
                        ("LOG", {"level": "info", "message": "hi", "fields": {"k": 1}}),
                        ("PROGRESS", {"progress": 1, "total": 2, "message": None}),
                    ],
                )
                self.assertEqual(self.refusal(code, "fail").message, "no")
                self.assertEqual(self.call(code, "notes://{id}", kind="resource", uri="notes://7")["text"], "7")
                messages = self.call(code, "ask", kind="prompt", topic="x")["messages"]
                self.assertEqual(messages[0]["content"]["text"], "about x")

    def test_what_is_not_supported_is_refused_while_loading(self) -> None:
        for source, (line, message) in REFUSED.items():
            with self.subTest(source):
                problem = self.problem(source)
                self.assertIn(message, problem["message"])
                self.assertEqual((problem["file"], problem["line"]), ("tools/runner/m.py", line))

    def test_a_part_of_the_context_that_is_missing_says_what_there_is(self) -> None:
        code = self.load(
            "from fastmcp import FastMCP, Context\nmcp = FastMCP('x')\n@mcp.tool\n"
            "async def f(ctx: Context) -> None:\n    await ctx.sample('x')\n",
            head="",
        )
        with self.assertRaisesRegex(AttributeError, "`Context.sample` of FastMCP is not supported here"):
            self.call(code)
