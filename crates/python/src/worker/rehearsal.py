"""Loads a version and calls what it serves, so that whatever is worked out once in a process, such as
regular expressions, is worked out before that process forks."""

from luthier import _host

SOURCE = b'''
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from luthier import Context, ToolError, tool


@dataclass
class Part:
    name: str
    size: int | None = None


@tool
def rehearse(text: str, parts: list[Part], how: Literal["a", "b"] = "a", *, ctx: Context) -> dict[str, Any]:
    """Rehearses.

    Args:
        text: Some text.
        parts: Some parts.
    """
    if how == "b":
        raise ToolError("told", {"how": how})
    return {"text": text, "sizes": [part.size / 1 for part in parts]}
'''

ARGUMENTS = (
    b'{"text": "t", "parts": [{"name": "n", "size": 1}]}',
    b'{"text": "t", "parts": [{"name": "n"}]}',
    b'{"text": "t", "parts": [], "how": "b"}',
    b'{"text": 1}',
)


def rehearse() -> None:
    code = _host.load("rehearsal", "rehearsal", {"tools/runner/rehearsal.py": SOURCE})
    code.manifest()
    for arguments in ARGUMENTS:
        try:
            _host.call(code, "tool", "rehearse", arguments, None)
        except Exception as error:
            _host.format_exception(error)
    code.close()


rehearse()
