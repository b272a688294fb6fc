"""Keeps the cause of an exception."""
# value: ["no unknown", "KeyError('unknown')", "ask for another"]

from luthier import tool


def load(name: str) -> str:
    try:
        return {"known": "value"}[name]
    except KeyError as problem:
        raise LookupError(f"no {name}") from problem


@tool
def run() -> list[str]:
    """The exception and its cause."""
    try:
        return [load("unknown")]
    except LookupError as problem:
        problem.add_note("ask for another")
        return [str(problem), repr(problem.__cause__), *problem.__notes__]
