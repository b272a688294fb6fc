"""Walks through states by rules."""
# arguments: {"events": ["pay", "ship", "pay", "return"]}
# value: ["paid", "shipped", "shipped!", "new"]

import enum

from luthier import tool


class State(enum.StrEnum):
    NEW = enum.auto()
    PAID = enum.auto()
    SHIPPED = enum.auto()


RULES = {
    (State.NEW, "pay"): State.PAID,
    (State.PAID, "ship"): State.SHIPPED,
    (State.SHIPPED, "return"): State.NEW,
}


@tool
def run(events: list[str]) -> list[str]:
    """The states, with a mark where an event did not fit."""
    state, seen = State.NEW, []
    for event in events:
        after = RULES.get((state, event))
        seen.append(f"{state}!" if after is None else str(after))
        state = after or state
    return seen
