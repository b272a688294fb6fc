"""Tools for agents, in Python: functions with type hints and docstrings, nothing else.

    from luthier import tool

    @tool
    def greet(name: str) -> str:
        \"\"\"Greets somebody.\"\"\"
        return f"Hello, {name}!"
"""

from typing import TYPE_CHECKING, Any

from ._ask import Form, Reply, Root, Roots, Sample, Sampled
from ._content import Audio, Content, Embedded, Image, Link
from ._context import Asset, Assets, Context, Log, current
from ._declare import ToolAnnotations, completion, prompt, resource, tool
from ._errors import DeclarationError, ToolError
from ._field import Field

if TYPE_CHECKING:
    from ._rng import Rng

__all__ = [
    "Asset",
    "Assets",
    "Audio",
    "Content",
    "Context",
    "DeclarationError",
    "Embedded",
    "Field",
    "Form",
    "Image",
    "Link",
    "Log",
    "Reply",
    "Rng",
    "Root",
    "Roots",
    "Sample",
    "Sampled",
    "ToolAnnotations",
    "ToolError",
    "completion",
    "current",
    "prompt",
    "resource",
    "tool",
]


def __getattr__(name: str) -> Any:
    # What it needs takes a worker longer to import than all else here, and few tools draw numbers.
    if name == "Rng":
        from ._rng import Rng

        return Rng
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
