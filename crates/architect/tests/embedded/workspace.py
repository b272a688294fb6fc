"""Runs the cases of a workspace, and lets its Tuner learn, without a server.

    workspace.py cases FOLDER      prints {"passed": …, "failed": […], "tools": {name: [argument]}}
    workspace.py learn FOLDER TOOL ARGUMENTS RESULTS   prints the state that a Tuner's tool leaves

The modules of the authors' package and of its tests are on the path.
"""

import json
import sys
from pathlib import Path
from typing import Any

from luthier import ToolError, _host
from tests.matching import _KEYWORDS, Matcher, violation
from tests.support import Call
from tests.tuning import Draft, Tools

Json = dict[str, Any]


def merged(document: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    made = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


def known_keywords(schema: Any) -> Any:
    """A schema in the keywords that `violation` knows."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key in _KEYWORDS}
    if "properties" in kept:
        kept["properties"] = {name: known_keywords(inner) for name, inner in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = known_keywords(kept["items"])
    return kept


def load(folder: Path) -> _host.Code:
    modules = (folder / "tools").rglob("*.py")
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in modules}
    _host.load("1.0.0", "fedcba9876543210", files, [], "tools/tuner/").close()
    return _host.load("1.0.0", "0123456789abcdef", files, [])


def tools_of(code: _host.Code) -> dict[str, Json]:
    """The schema of the arguments of each tool."""
    return {entry["name"]: entry["input_schema"] for entry in json.loads(code.manifest())["tools"]}


def call(code: _host.Code, tool: str, arguments: Json, state: Any, seed: int) -> Any:
    """What a call gives; arguments that break the schema are refused as the server refuses them."""
    schema = tools_of(code)[tool]
    wrong = violation(arguments, known_keywords(schema))
    if wrong is not None:
        raise ToolError(wrong)
    info = Call(_host.parse_state(json.dumps(state).encode()), seed=seed)
    answer = _host.call(code, "tool", tool, json.dumps(arguments).encode(), info)
    assert isinstance(answer, bytes)
    made = json.loads(answer)
    return made["result"] if isinstance(made, dict) and made.keys() == {"result"} else made


def fault(code: _host.Code, case: Json, state: Any, matcher: Matcher) -> str | None:
    expected = case["expect"]
    error = expected.get("$error") if isinstance(expected, dict) else None
    try:
        of_case = merged(state, case.get("state", {}))
        found = call(code, case["tool"], case.get("args", {}), of_case, case.get("seed", 0))
    except ToolError as refusal:
        # What the server says of arguments has their name in it, and other words.
        told = f"{refusal} {list(case.get('args', {}))}"
        return None if error is not None and error in told else f"refused: {refusal}"
    if error is not None:
        return f"gave {found!r} instead of a refusal"
    return matcher.difference(found, expected)


def run_cases(folder: Path) -> Json:
    code, matcher = load(folder), Matcher(folder)
    state = json.loads((folder / "state" / "active.state.json").read_bytes())
    failed, passed = [], 0
    for path in sorted((folder / "tests").rglob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            wrong = fault(code, case, state, matcher)
            passed += wrong is None
            if wrong is not None:
                failed.append(f"{path.relative_to(folder)}: {case.get('name', case['tool'])}: {wrong}")
    tools = {name: list(schema.get("properties", {})) for name, schema in tools_of(code).items()}
    code.close()
    return {"passed": passed, "failed": failed, "tools": tools}


def learn(folder: Path, tool: str, arguments: Json, results: list[Json]) -> Json:
    """Calls a Tuner's tool, once for each result that the Runner gave, or once if there is none."""
    state = json.loads((folder / "state" / "active.state.json").read_bytes())
    draft, tools = Draft(state), Tools(folder)
    for number, result in enumerate(results):
        draft.called(f"c{number}", "runner", {}, result)
        tools.tuner[tool](draft, f"c{number}", result["reward"])
    if not results:
        tools.tuner[tool](draft, **arguments)
    tools.close()
    return draft.saved()


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    if what == "cases":
        print(json.dumps(run_cases(Path(where))))
    else:
        print(json.dumps(learn(Path(where), rest[0], *map(json.loads, rest[1:]))))
