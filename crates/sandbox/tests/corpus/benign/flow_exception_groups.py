"""Handles several exceptions at once."""
# value: {"values": ["v1", "v2"], "keys": ["'k'"]}

from luthier import tool


@tool
def run() -> dict[str, list[str]]:
    """Which were of which kind."""
    told: dict[str, list[str]] = {}
    try:
        raise ExceptionGroup("several", [ValueError("v1"), KeyError("k"), ValueError("v2")])
    except* ValueError as group:
        told["values"] = [str(problem) for problem in group.exceptions]
    except* KeyError as group:
        told["keys"] = [str(problem) for problem in group.exceptions]
    return told
