"""The decorators: they note what a function is for, and leave the function as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, TypeVar, cast, overload

from ._errors import DeclarationError

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
DEADLINE_MS_MAX = 24 * 60 * 60 * 1000


class ToolAnnotations(TypedDict, total=False):
    """Hints for clients, as MCP names them."""

    title: str
    readOnlyHint: bool
    destructiveHint: bool
    idempotentHint: bool
    openWorldHint: bool


Kind = Literal["tool", "resource", "prompt", "completion"]


@dataclass(eq=False, slots=True)
class Declaration:
    """One decorated function."""

    kind: Kind
    name: str
    function: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        return cast(str, place(self.function)[0])

    @property
    def line(self) -> int:
        return cast(int, place(self.function)[1])


# Where declarations go while a version loads; nowhere in an editor or in an author's own tests.
collecting: ContextVar[list[Declaration] | None] = ContextVar("luthier_collecting", default=None)


def place(function: Any) -> tuple[str | None, int | None]:
    """The file and line of a function, below whatever decorators it wears."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else (None, None)


def declare(kind: Kind, name: str, function: Any, options: dict[str, Any]) -> None:
    """Notes a declaration for the version that is loading."""
    collected = collecting.get()
    if collected is not None:
        collected.append(Declaration(kind, name, function, options))


def refuse(function: Any, message: str) -> DeclarationError:
    """An error at a function's own place."""
    file, line = place(function)
    return DeclarationError(message, file=file, line=line)


def _check_function(what: str, function: Any) -> None:
    if isinstance(function, (staticmethod, classmethod)):
        raise DeclarationError(
            f"{what} is put on a method: put it on a function of the module"
        )
    if not callable(function) or not hasattr(function, "__code__") and not hasattr(function, "__wrapped__"):
        shown = f"the class `{function.__name__}`" if isinstance(function, type) else f"{function!r}"
        raise DeclarationError(f"{what} is put on {shown}: put it on a function")


def _name(what: str, name: Any, function: Any) -> str:
    """The name that was given or the function's own, if every model API accepts it."""
    if name is None:
        name = function.__name__
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise refuse(
        function,
        f"{what} has the name {name!r}: give it 1 to 64 letters, digits, `_` or `-` with"
        ' `name="…"`',
    )


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    stateful: bool = False,
    blocking: bool = False,
    deadline_ms: int | None = None,
    annotations: ToolAnnotations | Mapping[str, Any] | None = None,
    fallback: bool = False,
    schema: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Callable[[F], F]: ...
def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    stateful: bool = False,
    blocking: bool = False,
    deadline_ms: int | None = None,
    annotations: Any = None,
    fallback: bool = False,
    schema: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Any:
    """Serves a function as a tool; its type hints are the schema, its docstring the description.

    Args:
        name: what clients call it; the function's own name if left out.
        title: a name for people.
        description: for the model; the docstring if left out.
        stateful: calls belong to a session, `ctx.session`, that survives restarts.
        blocking: it waits rather than computes (files, network), so it gets a wider pool.
        deadline_ms: how long one call may take.
        annotations: `readOnlyHint` and its like, as MCP names them.
        fallback: when it fails again and again, the last version of it that worked may answer.
        schema: keywords for the JSON Schema of the arguments that type hints have no words for, such as
            `if` and `then`; those of a property are added to what its hint says.
        meta: handed to clients as it is.
    """

    def decorate(target: Any) -> Any:
        _check_function("@tool", target)
        options = {
            "title": title,
            "description": description,
            "stateful": stateful,
            "blocking": blocking,
            "deadline_ms": _checked_deadline(deadline_ms, target),
            "annotations": _checked_annotations(annotations, target),
            "fallback": fallback,
            "schema": schema or {},
            "meta": None if meta is None else dict(meta),
        }
        declare("tool", _name("the tool", name, target), target, options)
        return target

    return decorate if function is None else decorate(function)


def _checked_deadline(deadline_ms: Any, function: Any) -> int | None:
    if deadline_ms is None:
        return None
    if type(deadline_ms) is int and 1 <= deadline_ms <= DEADLINE_MS_MAX:
        return deadline_ms
    raise refuse(
        function, f"deadline_ms is {deadline_ms!r}: give whole milliseconds from 1 to {DEADLINE_MS_MAX}"
    )


def _checked_annotations(annotations: Any, function: Any) -> dict[str, Any]:
    if annotations is None:
        return {}
    if hasattr(annotations, "model_dump"):
        annotations = annotations.model_dump(exclude_none=True)
    known = ToolAnnotations.__annotations__
    for name, value in dict(annotations).items():
        if name not in known:
            raise refuse(function, f"annotations has `{name}`: known are {', '.join(known)}")
        if not isinstance(value, str if name == "title" else bool):
            raise refuse(function, f"annotations has {name}={value!r}: give it True or False")
    return dict(annotations)


def resource(
    uri: str,
    /,
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
    mime_type: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Serves what a function returns at a URI, or at all URIs of a template: `notes://{id}`.

    The variables of the template are the function's parameters.
    """
    if not isinstance(uri, str):
        raise DeclarationError('@resource needs a URI: write `@resource("notes://{id}")`')

    def decorate(target: F) -> F:
        _check_function("@resource", target)
        options = {"uri": uri, "title": title, "description": description, "mime_type": mime_type,
                   "meta": None if meta is None else dict(meta)}  # fmt: skip
        declare("resource", getattr(target, "__name__", uri) if name is None else name, target, options)
        return target

    return decorate


@overload
def prompt(function: F, /) -> F: ...
@overload
def prompt(
    *, name: str | None = None, title: str | None = None, description: str | None = None
) -> Callable[[F], F]: ...
def prompt(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    title: str | None = None,
    description: str | None = None,
) -> Any:
    """Serves a function as a prompt: it returns text, or messages as `{"role": …, "content": …}`."""

    def decorate(target: Any) -> Any:
        _check_function("@prompt", target)
        options = {"title": title, "description": description}
        declare("prompt", _name("the prompt", name, target), target, options)
        return target

    return decorate if function is None else decorate(function)


def completion(of: str, argument: str, /) -> Callable[[F], F]:
    """Suggests values for an argument of a prompt (by its name) or of a resource (by its template).

    The function takes the text typed so far, and if it has a second parameter a dict of the other
    arguments that are known already. It returns a list of texts.
    """

    def decorate(target: F) -> F:
        _check_function("@completion", target)
        declare("completion", f"{of}#{argument}", target, {"of": of, "argument": argument})
        return target

    return decorate
