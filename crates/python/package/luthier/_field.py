"""What `Annotated[…]` can say about a value beyond its type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final


class _Missing:
    """Stands for a default that was not given, since None is a default too."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final[Any] = _Missing()


def Field(  # noqa: N802 - reads like a type where it is used
    default: Any = MISSING,
    *,
    description: str | None = None,
    title: str | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    multiple_of: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    format: str | None = None,
    examples: Iterable[Any] | None = None,
) -> Any:
    """Describes and bounds a value: `Annotated[int, Field(ge=1, description="how many")]`."""
    return FieldInfo(
        default,
        {
            "description": description,
            "title": title,
            "ge": ge,
            "gt": gt,
            "le": le,
            "lt": lt,
            "multiple_of": multiple_of,
            "min_length": min_length,
            "max_length": max_length,
            "pattern": pattern,
            "format": format,
            "examples": None if examples is None else list(examples),
        },
    )


class FieldInfo:
    """What `Field` returns."""

    __slots__ = ("default", "said")

    def __init__(self, default: Any, said: dict[str, Any]) -> None:
        self.default = default
        self.said = {name: value for name, value in said.items() if value is not None}

    def __repr__(self) -> str:
        return "Field(" + ", ".join(f"{name}={value!r}" for name, value in self.said.items()) + ")"


_BOUNDS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")
_WORDS = ("description", "title", "examples", "format")


def facts(metadata: Any) -> dict[str, Any]:
    """What one piece of metadata says: ours, plain text, or objects shaped like annotated-types'."""
    if isinstance(metadata, str):
        return {"description": metadata}
    if isinstance(metadata, FieldInfo):
        return metadata.said
    said: dict[str, Any] = {}
    for inner in getattr(metadata, "metadata", None) or ():
        said.update(facts(inner))
    for name in _BOUNDS + _WORDS:
        value = getattr(metadata, name, None)
        if value is not None and not callable(value):
            said[name] = value
    documentation = getattr(metadata, "documentation", None)
    if isinstance(documentation, str):
        said["description"] = documentation
    return said


def default_of(value: Any) -> tuple[bool, Any]:
    """Is this parameter default a field description rather than a value, and what default is in it?"""
    if isinstance(value, FieldInfo):
        return True, value.default
    if type(value).__module__.startswith("pydantic") and hasattr(value, "is_required"):
        return True, MISSING if value.is_required() else value.get_default(call_default_factory=True)
    return False, value
