"""What is different in two texts."""

import difflib
from typing import Annotated, TypedDict

from luthier import Field, ToolError, tool

LINES_MAX = 5_000


class Difference(TypedDict):
    added: int
    removed: int
    diff: str


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def diff_text(before: str, after: str, context: Annotated[int, Field(ge=0, le=20)] = 3) -> Difference:
    """Compares two texts line by line: how many lines came and went, and the unified diff.

    Args:
        before: the older text
        after: the newer text
        context: how many equal lines stand around each change
    """
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > LINES_MAX:
        raise ToolError(f"a text has more than {LINES_MAX} lines: compare it in parts")
    lines = list(difflib.unified_diff(old, new, "before", "after", n=context, lineterm=""))
    # The first two lines name the texts.
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return {"added": added, "removed": removed, "diff": "\n".join(lines)}
