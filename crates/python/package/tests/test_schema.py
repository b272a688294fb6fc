"""Annotations become JSON Schema."""

from __future__ import annotations

import json
import sys
import unittest
from typing import Any

from .support import VersionTest

DECLARATIONS = """
class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

@dataclass
class Point:
    x: float
    y: float = 0.0
    tags: list[str] = field(default_factory=list)

@dataclass
class Tree:
    name: str
    children: list[Tree] = field(default_factory=list)

class Pair(NamedTuple):
    left: int
    right: str = "r"

class Movie(TypedDict):
    title: Required[str]
    year: NotRequired[int]

class Partial(TypedDict, total=False):
    a: int
    b: Required[str]

T = TypeVar("T")

@dataclass
class Page(Generic[T]):
    items: list[T]
    next: Optional[str] = None

UserId = NewType("UserId", int)

class Bound:
    def __init__(self, ge=None, max_length=None, pattern=None):
        self.ge, self.max_length, self.pattern = ge, max_length, pattern
"""

POINT_IN = {
    "type": "object",
    "properties": {
        "x": {"type": "number"},
        "y": {"type": "number", "default": 0.0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["x"],
    "additionalProperties": False,
}

# annotation -> schema of a required parameter
INPUTS: dict[str, Any] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "Any": {},
    "object": {},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "list": {"type": "array"},
    "list[int]": {"type": "array", "items": {"type": "integer"}},
    "List[str]": {"type": "array", "items": {"type": "string"}},
    "Sequence[str]": {"type": "array", "items": {"type": "string"}},
    "Iterable[int]": {"type": "array", "items": {"type": "integer"}},
    "dict": {"type": "object"},
    "dict[str, int]": {"type": "object", "additionalProperties": {"type": "integer"}},
    "Mapping[str, Any]": {"type": "object"},
    "dict[Literal['a', 'b'], int]": {
        "type": "object",
        "propertyNames": {"type": "string", "enum": ["a", "b"]},
        "additionalProperties": {"type": "integer"},
    },
    "set[int]": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    "frozenset[str]": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    "tuple[int, str]": {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
    },
    "tuple[float, ...]": {"type": "array", "items": {"type": "number"}},
    "Optional[int]": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "int | str": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "Union[int, str, None]": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
    "Literal['a', 'b']": {"type": "string", "enum": ["a", "b"]},
    "Literal['a']": {"type": "string", "const": "a"},
    "Literal[1, 'a', None]": {"enum": [1, "a", None]},
    "Color": {"type": "string", "enum": ["red", "blue"]},
    "Level": {"type": "integer", "enum": [1, 2]},
    "UserId": {"type": "integer"},
    "Point": POINT_IN,
    "Pair": {
        "type": "object",
        "properties": {"left": {"type": "integer"}, "right": {"type": "string", "default": "r"}},
        "required": ["left"],
        "additionalProperties": False,
    },
    "Movie": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
        "required": ["title"],
        "additionalProperties": False,
    },
    "Partial": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["b"],
        "additionalProperties": False,
    },
    "Page[int]": {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"type": "integer"}},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["items"],
        "additionalProperties": False,
    },
    "datetime.datetime": {"type": "string", "format": "date-time"},
    "datetime.date": {"type": "string", "format": "date"},
    "datetime.time": {"type": "string", "format": "time"},
    "datetime.timedelta": {"type": "string", "format": "duration"},
    "uuid.UUID": {"type": "string", "format": "uuid"},
    "pathlib.Path": {"type": "string"},
    "Annotated[int, 'how many']": {"type": "integer", "description": "how many"},
    "Annotated[int, Field(ge=1, le=9, description='d', examples=[3])]": {
        "type": "integer", "description": "d", "examples": [3], "minimum": 1, "maximum": 9,
    },
    "Annotated[float, Field(gt=0, lt=1)]": {
        "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1,
    },
    "Annotated[str, Field(min_length=1, max_length=5, pattern='^a')]": {
        "type": "string", "minLength": 1, "maxLength": 5, "pattern": "^a",
    },
    "Annotated[list[int], Field(min_length=1)]": {
        "type": "array", "items": {"type": "integer"}, "minItems": 1,
    },
    "Annotated[dict[str, int], Field(max_length=2)]": {
        "type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2,
    },
    "Annotated[int | None, Field(ge=1)]": {
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
    },
    "Annotated[int, Bound(ge=2)]": {"type": "integer", "minimum": 2},
    "Annotated[str, Bound(max_length=3, pattern='x')]": {
        "type": "string", "maxLength": 3, "pattern": "x",
    },
}  # fmt: skip

# annotation -> (schema of structuredContent less the conversation's id, is it wrapped?)
OUTPUTS: dict[str, tuple[Any, bool]] = {
    "str": ({"type": "object", "properties": {"result": {"type": "string"}}, "required": ["result"]}, True),
    "None": ({"type": "object", "properties": {"result": {"type": "null"}}, "required": ["result"]}, True),
    "Any": ({"type": "object", "properties": {"result": {}}, "required": ["result"]}, True),
    "dict[str, int]": ({"type": "object", "additionalProperties": {"type": "integer"}}, False),
    "Point": (
        {
            "type": "object",
            "properties": {
                "x": {"type": "number"},
                "y": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["x", "y", "tags"],
        },
        False,
    ),
    "Movie": (
        {
            "type": "object",
            "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
            "required": ["title"],
        },
        False,
    ),
    "Movie | Partial": (
        {
            "type": "object",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
                    "required": ["title"],
                },
                {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                    "required": ["b"],
                },
            ],
        },
        False,
    ),
}

# annotation -> what the load error says
UNSUPPORTED = {
    "complex": "parameter `x`: `complex` has no JSON form: write a `tuple[float, float]`",
    "Callable[[int], int]": "parameter `x`: `Callable[[int], int]` has no JSON form:"
    " write the name of a tool as `str`",
    "Iterator[int]": "parameter `x`: `Iterator[int]` has no JSON form: write `list[…]`",
    "Bound": "parameter `x`: `Bound` has no JSON form: write a `@dataclass` or `TypedDict` of what"
    " `Bound` holds",
    "list[Bound]": "parameter `x`: `Bound` has no JSON form: write a `@dataclass` or `TypedDict` of what"
    " `Bound` holds",
    "dict[int, str]": "parameter `x`: the keys of `dict` are `int`, and JSON's keys are text: write"
    " `dict[str, str]`",
    "Annotated[bool, Field(ge=1)]": "parameter `x`: `ge` says nothing about a JSON boolean: leave it out",
    "Literal[b'a']": "parameter `x`: `Literal[b'a']` has no JSON form: use text or whole numbers",
    "Nowhere": "parameter `x`: the annotation `Nowhere` cannot be evaluated (name 'Nowhere' is not"
    " defined): import its names at the top of the module, outside `if TYPE_CHECKING`",
}


class Schemas(VersionTest):
    def schema(self, annotation: str) -> Any:
        code = self.load(f"{DECLARATIONS}\n@tool\ndef f(x: {annotation}) -> None:\n    'd'\n")
        schema = self.tool(code)["input_schema"]
        self.assertEqual(schema["required"], ["x"])
        return schema["properties"]["x"]

    def test_an_annotation_becomes_the_schema_of_its_parameter(self) -> None:
        for annotation, expected in INPUTS.items():
            with self.subTest(annotation):
                self.assertEqual(self.schema(annotation), expected)

    def test_a_return_type_becomes_the_schema_of_the_structured_content(self) -> None:
        for annotation, expected in OUTPUTS.items():
            with self.subTest(annotation):
                code = self.load(f"{DECLARATIONS}\n@tool\ndef f() -> {annotation}:\n    'd'\n")
                tool = self.tool(code)
                self.assertEqual((tool["output_schema"], tool["result"] == "wrapped"), expected)

    def test_an_annotation_without_a_json_form_is_refused_with_its_place_and_what_to_write(self) -> None:
        for annotation, expected in UNSUPPORTED.items():
            with self.subTest(annotation):
                problem = self.problem(
                    f"from luthier import *\nfrom typing import *\nclass Bound: ...\n@tool\ndef f(\n"
                    f"    y: int,\n    x: {annotation!r},\n): ...\n"
                )
                self.assertEqual(problem["message"], f"the tool `f` cannot be served: {expected}")
                self.assertEqual((problem["file"], problem["line"], problem["column"]), ("tools/runner/m.py", 7, 5))

    def test_an_unsupported_return_type_is_found_where_it_stands(self) -> None:
        problem = self.problem("from luthier import tool\n@tool\ndef f() -> complex: ...\n")

        self.assertEqual((problem["line"], problem["column"]), (3, 12))
        self.assertIn("the return type: `complex` has no JSON form", problem["message"])

    def test_a_type_that_contains_itself_is_referred_to_by_name(self) -> None:
        code = self.load(f"{DECLARATIONS}\n@tool\ndef f(x: Tree) -> Tree:\n    'd'\n")
        tool = self.tool(code)

        self.assertEqual(tool["input_schema"]["properties"]["x"], {"$ref": "#/$defs/Tree"})
        children = tool["input_schema"]["$defs"]["Tree"]["properties"]["children"]
        self.assertEqual(children, {"type": "array", "items": {"$ref": "#/$defs/Tree"}})
        self.assertEqual(tool["result"], "object")
        self.assertEqual(tool["output_schema"]["type"], "object")
        self.assertEqual(tool["output_schema"]["$ref"], "#/$defs/Tree")

    def test_a_type_that_is_used_twice_is_written_once(self) -> None:
        code = self.load(f"{DECLARATIONS}\n@tool\ndef f(a: Point, b: Point) -> None:\n    'd'\n")

        self.assertEqual(self.tool(code)["input_schema"]["$defs"], {"Point": POINT_IN})

    def test_wrapping_keeps_definitions_at_the_root(self) -> None:
        code = self.load(f"{DECLARATIONS}\n@tool\ndef f() -> list[Tree]:\n    'd'\n")
        schema = self.tool(code)["output_schema"]

        self.assertEqual(list(schema["$defs"]), ["Tree"])
        self.assertEqual(schema["properties"]["result"], {"type": "array", "items": {"$ref": "#/$defs/Tree"}})

    def test_defaults_make_arguments_optional_and_are_told(self) -> None:
        code = self.load(
            """
            @tool
            def f(a: int, b: int = 3, c: str | None = None, d: float = math.inf,
                  e: Annotated[int, Field(ge=0)] = 1, g: int = Field(5, ge=2), h: int = Field(le=3)) -> None:
                "d"
            """
        )
        schema = self.tool(code)["input_schema"]

        self.assertEqual(schema["required"], ["a", "h"])
        defaults = {name: part.get("default", "none") for name, part in schema["properties"].items()}
        self.assertEqual(
            defaults, {"a": "none", "b": 3, "c": None, "d": "none", "e": 1, "g": 5, "h": "none"}
        )
        self.assertEqual(schema["properties"]["g"], {"type": "integer", "minimum": 2, "default": 5})

    def test_descriptions_come_from_the_docstring_unless_annotated(self) -> None:
        code = self.load(
            '''
            @tool
            def f(a: int, b: Annotated[int, "said here"], ctx: Context) -> str:
                """Does it.

                Args:
                    a: the first
                    b: not this
                    ctx: never shown
                    z: nobody

                Returns:
                    what came of it
                """
            '''
        )
        tool = self.tool(code)

        self.assertEqual(tool["description"], "Does it.")
        self.assertEqual(tool["input_schema"]["properties"]["a"]["description"], "the first")
        self.assertEqual(tool["input_schema"]["properties"]["b"]["description"], "said here")
        self.assertEqual(list(tool["input_schema"]["properties"]), ["a", "b"])
        self.assertEqual(
            tool["output_schema"]["properties"]["result"],
            {"type": "string", "description": "what came of it"},
        )
        self.assertEqual(
            self.manifest(code)["warnings"],
            ["tools/runner/m.py:7: tool `f`: the docstring describes `z`, which is no parameter"],
        )

    def test_parameters_that_cannot_be_named_are_refused(self) -> None:
        cases = {
            "*xs: int": "takes any number of arguments: write one list: `xs: list[…]`",
            "**more: int": "write each argument by name, or one `more: dict[str, Any]`",
            "conversation_id: str": "use `ctx.conversation_id` of a parameter annotated `Context`",
            "a: Context, b: Context": "it takes a Context twice: keep one of them",
        }
        for parameters, expected in cases.items():
            with self.subTest(parameters):
                problem = self.problem(f"from luthier import *\n@tool\ndef f({parameters}): ...\n")
                self.assertIn(expected, problem["message"])

    def test_options_of_the_decorator_reach_the_manifest(self) -> None:
        code = self.load(
            """
            @tool(name="other", title="T", description="D", stateful=True, blocking=True, deadline_ms=50,
                  annotations={"readOnlyHint": True}, fallback=True, meta={"k": [1]})
            async def f(ctx: Context) -> None: ...
            """
        )
        tool = self.tool(code, "other")

        schemas = {name: tool.pop(name) for name in ("input_schema", "output_schema")}
        self.assertEqual(
            schemas["input_schema"], {"type": "object", "properties": {}, "additionalProperties": False}
        )
        self.assertEqual(
            tool,
            {
                "name": "other", "title": "T", "description": "D", "result": "wrapped",
                "annotations": {"readOnlyHint": True}, "is_async": True, "is_blocking": True,
                "is_stateful": True, "deadline_ms": 50, "fallback": True, "takes_context": True, "meta": {"k": [1]},
                "module": "tools/runner/m.py", "line": 7,
            },
        )  # fmt: skip

    def test_an_author_adds_keywords_that_hints_have_no_words_for(self) -> None:
        code = self.load(
            """
            @tool(schema={"$schema": "x", "if": {"required": ["b"]}, "properties": {"a": {"x-mcp-header": "A"}}})
            def f(a: Annotated[str, "first"], b: int = 1) -> None: ...
            """
        )
        unknown = self.problem("from luthier import *\n@tool(schema={'properties': {'z': {}}})\ndef f(a: int): ...\n")

        self.assertEqual(
            self.tool(code)["input_schema"],
            {
                "type": "object",
                "properties": {
                    "a": {"type": "string", "description": "first", "x-mcp-header": "A"},
                    "b": {"type": "integer", "default": 1},
                },
                "required": ["a"],
                "additionalProperties": False,
                "$schema": "x",
                "if": {"required": ["b"]},
            },
        )
        self.assertIn("schema has properties `z`, but the function no such parameter", unknown["message"])

    @unittest.skipIf(sys.version_info < (3, 12), "type statements came with Python 3.12")
    def test_a_type_statement_names_a_type_that_may_contain_itself(self) -> None:
        code = self.load("type Json = int | list[Json]\n@tool\ndef f(x: Json) -> str:\n    return repr(x)\n")

        self.assertEqual(
            self.tool(code)["input_schema"]["$defs"]["Json"],
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/Json"}}]},
        )
        self.assertEqual(self.call(code, x=[1.0, [2]]), "[1, [2]]")

    def test_the_manifest_is_the_same_for_the_same_files(self) -> None:
        source = f"{DECLARATIONS}\n@tool\ndef f(a: Point, b: Tree, c: set[int]) -> Page[Tree]:\n    'd'\n"

        self.assertEqual(self.load(source).manifest(), self.load(source).manifest())
        json.loads(self.load(source).manifest())
