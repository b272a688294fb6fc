"""What a result or a message is made of when text is not enough: images, sounds, resources."""

from __future__ import annotations

import base64
import collections.abc
import types
import typing
from collections.abc import Mapping
from typing import Any

from ._errors import ToolError
from ._json import plain

_LISTS = {list, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection}
_UNIONS = {typing.Union, types.UnionType}


class Content:
    """One part of a result, a prompt or a question. Text needs no class: a `str` is a part, too."""

    __slots__ = ()

    def block(self) -> dict[str, Any]:
        """As MCP writes it."""
        raise NotImplementedError


class Image(Content):
    """A picture: `Image(png)`, or `Image(photo, "image/jpeg")`."""

    __slots__ = ("data", "mime_type")

    def __init__(self, data: bytes, mime_type: str = "image/png") -> None:
        self.data = _checked("Image", data)
        self.mime_type = mime_type

    def block(self) -> dict[str, Any]:
        return {"type": "image", "data": _base64(self.data), "mimeType": self.mime_type}


class Audio(Content):
    """A sound: `Audio(wav)`, or `Audio(song, "audio/mpeg")`."""

    __slots__ = ("data", "mime_type")

    def __init__(self, data: bytes, mime_type: str = "audio/wav") -> None:
        self.data = _checked("Audio", data)
        self.mime_type = mime_type

    def block(self) -> dict[str, Any]:
        return {"type": "audio", "data": _base64(self.data), "mimeType": self.mime_type}


class Embedded(Content):
    """A resource that travels along: `Embedded("notes://plan", text)`; bytes travel as base64."""

    __slots__ = ("body", "mime_type", "uri")

    def __init__(self, uri: str, body: str | bytes, mime_type: str | None = None) -> None:
        self.uri = uri
        self.body = body
        self.mime_type = mime_type

    def block(self) -> dict[str, Any]:
        resource: dict[str, Any] = {"uri": self.uri}
        if self.mime_type is not None:
            resource["mimeType"] = self.mime_type
        if isinstance(self.body, str):
            resource["text"] = self.body
        else:
            resource["blob"] = _base64(_checked("Embedded", self.body))
        return {"type": "resource", "resource": resource}


class Link(Content):
    """Names a resource that a client may read if it wants to: `Link("notes://plan", "the plan")`."""

    __slots__ = ("description", "mime_type", "name", "uri")

    def __init__(
        self, uri: str, name: str, *, description: str | None = None, mime_type: str | None = None
    ) -> None:
        self.uri = uri
        self.name = name
        self.description = description
        self.mime_type = mime_type

    def block(self) -> dict[str, Any]:
        made = {"type": "resource_link", "uri": self.uri, "name": self.name}
        if self.description is not None:
            made["description"] = self.description
        if self.mime_type is not None:
            made["mimeType"] = self.mime_type
        return made


def _checked(what: str, data: Any) -> bytes:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"{what} needs bytes, not {type(data).__name__}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --- What a function says that it returns ----------------------------------------------------


def is_content(annotation: Any) -> bool:
    """Does a function with this return type return contents, by themselves or in a list?"""
    members = _members(annotation)
    return all(map(_is_part, members)) and any(map(_holds_content, members))


def _members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, and those of a list's items."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(annotation.__origin__)
    if origin in _UNIONS or origin in _LISTS:
        inner = (member for member in typing.get_args(annotation) if member is not ...)
        return tuple(part for member in inner for part in _members(member))
    return (annotation,)


def _is_part(member: Any) -> bool:
    return member is str or member is type(None) or _holds_content(member)


def _holds_content(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, Content)


# --- What it did return ----------------------------------------------------------------------


def block(part: str | Content) -> dict[str, Any]:
    """One part as MCP writes it."""
    return {"type": "text", "text": part} if isinstance(part, str) else part.block()


def blocks(value: Any) -> list[dict[str, Any]]:
    """The parts of a result."""
    if value is None:
        return []
    parts = value if isinstance(value, (list, tuple)) else [value]
    for index, part in enumerate(parts):
        if not isinstance(part, (str, Content)):
            raise ToolError(
                f"the result at /{index} is {type(part).__name__}, and its type promises text or"
                " contents such as Image",
                {"pointer": f"/{index}"},
            )
    return [block(part) for part in parts]


def message(item: Any) -> dict[str, Any]:
    """One message of a prompt, or of a question to a model."""
    if isinstance(item, (str, Content)):
        return {"role": "user", "content": block(item)}
    if isinstance(item, Mapping) and isinstance(item.get("content"), (str, Content)):
        item = {**item, "content": block(item["content"])}
    made = plain(item)
    if isinstance(made, dict) and made.get("role") in ("user", "assistant") and "content" in made:
        content = made["content"]
        if isinstance(content, str):
            content = block(content)
        return {"role": made["role"], "content": content}
    raise ToolError(
        'a prompt returns text, contents, or messages as {"role": "user" or "assistant", "content": …},'
        f" not {type(item).__name__}"
    )
