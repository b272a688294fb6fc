"""JSON: pick out of it, and see what changed."""

import json
import re
from typing import Annotated, Any, Literal, TypedDict

from lib.documents import parse
from luthier import Context, Field, ToolError, tool

# An index as RFC 6901 has it; nothing has more places than that.
_PLACE = re.compile(r"0|[1-9][0-9]{0,8}")

Json = Annotated[str, Field(max_length=1_000_000, description="JSON as text")]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def json_pick(document: Json, pointer: Annotated[str, Field(pattern="^(/.*)?$")]) -> Any:
    """Picks one value out of JSON.

    Args:
        pointer: a JSON Pointer (RFC 6901), such as /users/0/name; empty for the whole
    """
    value, walked = parse(document, "that"), ""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _PLACE.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise ToolError(f"nothing is at {walked}/{step}: {_shape(value)}", {"pointer": f"{walked}/{step}"})
        walked += f"/{step}"
    return value


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return f"there are the keys {', '.join(map(str, list(value)[:8])) or 'none'}"
    if isinstance(value, list):
        return f"there is a list of {len(value)}"
    return f"there is {json.dumps(value, ensure_ascii=False)[:40]}"


class Change(TypedDict):
    op: Literal["add", "remove", "replace"]
    path: str
    before: Any
    after: Any


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def json_diff(before: Json, after: Json, ctx: Context) -> list[Change]:
    """What changed from one JSON document to another, each change with its JSON Pointer."""
    changes: list[Change] = []
    _compare(parse(before, "`before`"), parse(after, "`after`"), "", changes)
    return changes[: ctx.state["limits"]["results_max"]]


def _compare(old: Any, new: Any, path: str, changes: list[Change]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[Any] = [*old, *(key for key in new if key not in old)]
        pairs = [(str(key).replace("~", "~0").replace("/", "~1"), key in old, key in new, key) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        places = range(max(len(old), len(new)))
        pairs = [(str(place), place < len(old), place < len(new), place) for place in places]
    else:
        if old != new or isinstance(old, bool) != isinstance(new, bool):
            changes.append({"op": "replace", "path": path, "before": old, "after": new})
        return
    for step, was, is_, key in pairs:
        if was and is_:
            _compare(old[key], new[key], f"{path}/{step}", changes)
        elif was:
            changes.append({"op": "remove", "path": f"{path}/{step}", "before": old[key], "after": None})
        else:
            changes.append({"op": "add", "path": f"{path}/{step}", "before": None, "after": new[key]})
