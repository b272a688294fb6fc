"""Tools for agents, in Python: functions with type hints and docstrings, nothing else.

    from luthier import tool

    @tool
    def greet(name: str) -> str:
        \"\"\"Greets somebody.\"\"\"
        return f"Hello, {name}!"
"""

from ._ask import Form, Reply, Root, Roots, Sample, Sampled
from ._content import Audio, Content, Embedded, Image, Link
from ._context import Asset, Assets, Context, Log, current
from ._declare import ToolAnnotations, completion, prompt, resource, tool
from ._errors import DeclarationError, ToolError
from ._field import Field

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
