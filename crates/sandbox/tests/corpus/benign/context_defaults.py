"""Fills in what was not said."""
# arguments: {"text": "abc"}
# value: "ABCABC."

from typing import Annotated, Literal

from luthier import Field, tool


@tool
def run(
    text: str,
    times: Annotated[int, Field(ge=1, le=5)] = 2,
    case: Literal["upper", "lower"] = "upper",
    mark: str | None = None,
) -> str:
    """Repeats a text."""
    made = text.upper() if case == "upper" else text.lower()
    return made * times + (mark or ".")
