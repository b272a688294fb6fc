"""What can go wrong, sorted by who can act on it."""

from __future__ import annotations

from typing import Any


class ToolError(Exception):
    """A failure that whoever called the tool can act on: a model reads the message and tries again.

    `data` is any JSON value that helps to do so. Every other exception is taken for a fault of the
    tool itself and is reported to its author, with a traceback.
    """

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class DeclarationError(TypeError):
    """A tool, resource or prompt that cannot be served as it is written."""

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line


class Mismatch(Exception):
    """A JSON value that does not fit, or a Python value that JSON cannot hold; says where.

    The keys of `path` are collected from the inside outwards while the exception passes by.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = []
        # The containers passed, to tell a cycle from mere depth.
        self.trail: list[int] = []

    def pointer(self) -> str:
        """The JSON Pointer (RFC 6901) to what does not fit; empty for the whole value."""
        return "".join("/" + escape(key) for key in reversed(self.path))


def escape(key: str | int) -> str:
    """One step of a JSON Pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")
