"""Matches patterns."""
# arguments: {"things": [["move", 3, -1], {"kind": "circle", "r": 2}, {"kind": "box"}, [1, 2, 3, 4], "text", 7, null]}
# value: ["to the right by 3, -1", "a circle of 2", "a box with 0 more", "from 1 to 4", "plain text", "plain 7", "nothing"]

from typing import Any

from luthier import tool


def told(thing: Any) -> str:
    match thing:
        case ["move", int(x), int(y)] if x > 0:
            return f"to the right by {x}, {y}"
        case {"kind": "circle", "r": radius}:
            return f"a circle of {radius}"
        case {"kind": str(kind), **rest}:
            return f"a {kind} with {len(rest)} more"
        case [first, *_, last]:
            return f"from {first} to {last}"
        case str() | int() as plain:
            return f"plain {plain}"
        case _:
            return "nothing"


@tool
def run(things: list[Any]) -> list[str]:
    """What each thing is."""
    return [told(thing) for thing in things]
