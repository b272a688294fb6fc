"""Lines that stand twice."""

from typing import Literal, TypedDict

from luthier import tool


class Deduped(TypedDict):
    text: str
    removed: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def dedupe_lines(text: str, case: Literal["match", "ignore"] = "match") -> Deduped:
    """Keeps the first of lines that are the same, in their order; blank lines stay.

    Args:
        text: any text; white space at the end of a line does not count
        case: `ignore` takes `Tea` and `tea` for the same
    """
    seen: set[str] = set()
    kept: list[str] = []
    lines = [line.rstrip() for line in text.splitlines()]
    for line in lines:
        key = line.casefold() if case == "ignore" else line
        if key and key in seen:
            continue
        seen.add(key)
        kept.append(line)
    return {"text": "\n".join(kept), "removed": len(lines) - len(kept)}
