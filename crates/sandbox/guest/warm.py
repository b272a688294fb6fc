"""Code that is loaded and called while the component is made, so that a cell finds the interpreter as
it is after some use: what is imported late is there, caches are filled, bytecode is specialised.
"""

import json

ROUNDS = 40
# Only the first rounds note lines: that has every function looked at anew when it runs next.
NOTING_ROUNDS = 2

_TOOLS = b'''
from typing import Annotated, Literal
from luthier import Context, Field, ToolError, tool

@tool
def add(numbers: list[int], times: int = 1, note: str | None = None) -> int:
    """Adds numbers.

    Args:
        numbers: What is added.
        times: How often.
    """
    if note:
        print(note)
    return sum(numbers) * times

@tool
def describe(item: dict[str, float], kind: Literal["a", "b"] = "a", ratio: Annotated[float, Field(ge=0)] = 1.0) -> dict[str, str]:
    """Describes an item."""
    return {name: f"{value * ratio:.2f}{kind}" for name, value in item.items()}

@tool(stateful=True)
def count(ctx: Context, by: int = 1) -> str:
    """Counts."""
    ctx.session["n"] = ctx.session.get("n", 0) + by
    ctx.log.info("counted", n=ctx.session["n"])
    return f"{ctx.state.get('greeting')} {ctx.rng.random()}"

@tool
async def wait(text: str) -> str:
    """Waits."""
    import asyncio
    await asyncio.sleep(0)
    return text

@tool
def fail(how: str) -> str:
    """Fails."""
    if how == "told":
        raise ToolError("no")
    return {}[how]
'''

_BROKEN = b"from luthier import tool\n@tool\ndef f(x: object()): pass\n"

# Name, arguments, session, and whether lines are noted.
_CALLS = (
    ("add", {"numbers": [1, 2], "note": ""}, None, False),
    ("add", {"numbers": [1, 2]}, None, True),
    ("add", {"numbers": "x"}, None, False),
    ("describe", {"item": {"x": 1.5}, "kind": "b"}, None, False),
    ("count", {"by": 2}, {"n": 1}, False),
    ("wait", {"text": "x"}, None, False),
    ("fail", {"how": "told"}, None, False),
    ("fail", {"how": "key"}, None, False),
    ("absent", {}, None, False),
)  # fmt: skip


def up(see_to) -> None:
    """Uses everything a little; `see_to` answers frames as it does in a cell."""
    for number in range(ROUNDS):
        _load(see_to, 2 * number, _TOOLS)
        _load(see_to, 2 * number + 1, _BROKEN)
        _send(see_to, 3, {"number": number}, b'{"greeting":"hello","list":[1,{"a":null}]}')
        for name, arguments, session, notes_lines in _CALLS:
            body, header = json.dumps(arguments).encode(), {
                "code": 2 * number, "state": number, "kind": "tool", "name": name, "deadline_ms": 1000,
                "conversation_id": "", "version": "", "revision": 0, "seed": number,
            }  # fmt: skip
            if session is not None:
                text = json.dumps(session, separators=(",", ":")).encode()
                header["session_bytes"], body = len(text), body + text
            if notes_lines and number < NOTING_ROUNDS:
                header["notes_lines"] = True
            _send(see_to, 4, header, body)
        _send(see_to, 5, {"codes": [2 * number, 2 * number + 1], "states": [number]}, b"")


def _load(see_to, number: int, source: bytes) -> None:
    header = {
        "code": number, "hash": f"warm{number:012}", "label": "warm", "paths": [], "folder": "tools/runner",
        "files": [["tools/runner/warm.py", len(source)]],
    }  # fmt: skip
    _send(see_to, 2, header, source)


def _send(see_to, kind: int, header: dict, body: bytes) -> None:
    see_to(kind, json.dumps(header).encode(), body)
