"""Takes one of several types, or nothing."""
# arguments: {"value": null}
# value: "nothing"
# arguments: {"value": 3}
# value: "the number 3"
# arguments: {"value": ["a", "b"]}
# value: "2 texts"

from luthier import tool


@tool
def run(value: int | list[str] | None) -> str:
    """What was given."""
    if value is None:
        return "nothing"
    return f"{len(value)} texts" if isinstance(value, list) else f"the number {value}"
