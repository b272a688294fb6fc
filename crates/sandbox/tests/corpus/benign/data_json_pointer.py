"""Follows a path into a document."""
# arguments: {"document": {"a/b": [10, {"m~n": "here"}]}, "pointer": "/a~1b/1/m~0n"}
# value: "here"

from typing import Any

from luthier import ToolError, tool


@tool
def run(document: dict[str, Any], pointer: str) -> Any:
    """What lies at a JSON Pointer."""
    value: Any = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, ValueError):
            raise ToolError(f"there is nothing at {key!r}") from None
    return value
