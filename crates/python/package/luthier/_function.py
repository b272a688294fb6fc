"""A decorated function, read once: its parameters, their schema, and how to call it."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import _docstring
from ._content import is_content
from ._context import Context
from ._errors import Mismatch
from ._field import MISSING, default_of, facts
from ._json import loads
from ._objects import with_default
from ._shape import Builder, Decode, Schema, Unsupported, constrain, read_at

# Parameters that the host gives to every tool, and what to write instead.
TAKEN: Mapping[str, str] = {
    "conversation_id": "`ctx.conversation_id` of a parameter annotated `Context`",
}
CONTEXT_CLASSES: set[type] = {Context}


class Fault(Exception):
    """What is wrong with a function, and at which parameter."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter


class Parameter(NamedTuple):
    """One argument of a tool."""

    name: str
    annotation: Any
    schema: Schema
    decode: Decode | None
    is_required: bool
    description: str | None


class Function:
    """What the signature, the annotations and the docstring of a function say."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        infer_output: bool = True,
        taken: Mapping[str, str] = TAKEN,
    ) -> None:
        self.function = function
        self._taken = taken
        self.is_async = inspect.iscoroutinefunction(function)
        self.docstring = _docstring.parse(function.__doc__)
        self.context_name: str | None = None
        self.context_class: type = Context
        self.fills: dict[str, Any] = {}
        self.positional: list[str] = []
        self.warnings: list[str] = []
        self.parameters: list[Parameter] = []
        self._builder = Builder()
        self._check_kind()
        self._read_parameters()
        self.returns_content = is_content(self.hints.get("return", Any))
        self.output_schema = self._output() if infer_output else {}

    def _check_kind(self) -> None:
        if inspect.isgeneratorfunction(self.function) or inspect.isasyncgenfunction(self.function):
            raise Fault("it is a generator: return a list, and tell of progress with `ctx.progress(…)`")

    # --- Parameters ---

    def _read_parameters(self) -> None:
        signature = inspect.signature(self.function)
        hints = self.hints = _hints(self.function)
        for parameter in signature.parameters.values():
            hint = hints.get(parameter.name, Any)
            context = _context_class(hint)
            if context is not None:
                if self.context_name is not None:
                    raise Fault("it takes a Context twice: keep one of them", parameter.name)
                self.context_name, self.context_class = parameter.name, context
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                self._refuse_variadic(parameter)
            else:
                self.parameters.append(self._parameter(parameter, hint))
            if parameter.kind is parameter.POSITIONAL_ONLY:
                self.positional.append(parameter.name)
        for name in self.docstring.parameters:
            if name not in signature.parameters:
                self.warnings.append(f"the docstring describes `{name}`, which is no parameter")

    def _refuse_variadic(self, parameter: inspect.Parameter) -> None:
        if parameter.kind is parameter.VAR_POSITIONAL:
            instead = f"one list: `{parameter.name}: list[…]`"
        else:
            instead = f"each argument by name, or one `{parameter.name}: dict[str, Any]`"
        raise Fault(f"parameter `{parameter}` takes any number of arguments: write {instead}", parameter.name)

    def _parameter(self, parameter: inspect.Parameter, hint: Any) -> Parameter:
        name = parameter.name
        if name in self._taken:
            raise Fault(f"parameter `{name}` is the host's: use {self._taken[name]}", name)
        if parameter.annotation is parameter.empty:
            self.warnings.append(f"parameter `{name}` has no type hint, so anything is accepted")
        try:
            shape = self._builder.shape(hint)
            schema = shape.schema
            is_described, default = default_of(parameter.default)
            if is_described:
                schema = constrain(schema, facts(parameter.default))
        except Unsupported as problem:
            raise Fault(f"parameter `{name}`: {problem}", name) from problem
        except Mismatch as problem:
            raise Fault(f"parameter `{name}`: an example {problem.reason}", name) from problem
        description = schema.get("description") or self.docstring.parameters.get(name)
        if description:
            schema = {**schema, "description": description}
        is_required = default is parameter.empty or default is MISSING
        if not is_required:
            schema = with_default(schema, default)
            if is_described:
                self.fills[name] = default
        return Parameter(name, hint, schema, shape.decode, is_required, description)

    def input_schema(self) -> Schema:
        """The schema of the arguments."""
        made: Schema = {
            "type": "object",
            "properties": {parameter.name: parameter.schema for parameter in self.parameters},
        }
        required = [parameter.name for parameter in self.parameters if parameter.is_required]
        if required:
            made["required"] = required
        made["additionalProperties"] = False
        return finished(made, self._builder.definitions)

    # --- What it returns ---

    def _output(self) -> Schema:
        if self.returns_content:
            # What is promised is in the contents, which have no schema.
            return {"type": "object"}
        builder = Builder(output=True)
        hint = self.hints.get("return", Any)
        try:
            schema = builder.shape(hint).schema
        except Unsupported as problem:
            raise Fault(f"the return type: {problem}", "return") from problem
        description = self.docstring.returns
        if description and "description" not in schema and "$ref" not in schema:
            schema = {**schema, "description": description}
        return finished(schema, builder.definitions)

    # --- Calling ---

    def callable(self) -> Callable[..., Any]:
        """The function, to be called with keywords alone."""
        function = self.function
        if not self.positional:
            return function
        positional = tuple(self.positional)

        def call(**arguments: Any) -> Any:
            first = []
            for name in positional:
                if name not in arguments:
                    break
                first.append(arguments.pop(name))
            return function(*first, **arguments)

        return call


def reader(function: Function) -> Callable[[bytes], dict[str, Any]]:
    """Reads the arguments of a call, which the host has validated, into Python's values."""
    converters = tuple((p.name, p.decode) for p in function.parameters if p.decode is not None)
    fills = function.fills

    def read(body: bytes) -> dict[str, Any]:
        arguments: dict[str, Any] = loads(body) if body else {}
        for name, decode in converters:
            if name in arguments:
                arguments[name] = read_at(name, decode, arguments[name])
        if fills:
            arguments = {**fills, **arguments}
        return arguments

    return read


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        whole = error
    namespace = inspect.unwrap(function).__globals__
    for name, annotation in function.__annotations__.items():
        try:
            holder = types.SimpleNamespace(__annotations__={name: annotation})
            typing.get_type_hints(holder, globalns=namespace, include_extras=True)
        except Exception as error:
            what = "the return type" if name == "return" else f"parameter `{name}`"
            shown = annotation if isinstance(annotation, str) else repr(annotation)
            raise Fault(
                f"{what}: the annotation `{shown}` cannot be evaluated ({error}): import its names"
                " at the top of the module, outside `if TYPE_CHECKING`",
                name,
            ) from error
    raise Fault(f"its annotations cannot be evaluated: {whole}") from whole


def _context_class(hint: Any) -> type | None:
    """The class of context that an annotation asks for: `Context`, or `Context | None`."""
    for member in (hint, *typing.get_args(hint)):
        if isinstance(member, type) and member in CONTEXT_CLASSES:
            return member
    return None


# --- Whole schema documents ------------------------------------------------------------------


def finished(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """The document with its `$defs`; one that is used once and not by itself is put in its place."""
    if not definitions:
        return schema
    counts: dict[str, int] = {}
    for part in (schema, *definitions.values()):
        _count(part, counts)
    recursive = {name for name in definitions if _reaches(name, name, definitions, set())}
    inline = {name for name in definitions if counts.get(name, 0) == 1 and name not in recursive}
    made = _inlined(schema, definitions, inline)
    kept = {
        name: _inlined(body, definitions, inline)
        for name, body in definitions.items()
        if name not in inline and name in counts
    }
    return {**made, "$defs": kept} if kept else typing.cast(Schema, made)


_PREFIX = "#/$defs/"


def _target(part: Any) -> str | None:
    reference = part.get("$ref") if isinstance(part, dict) else None
    return reference[len(_PREFIX) :] if isinstance(reference, str) and reference.startswith(_PREFIX) else None


def _count(part: Any, counts: dict[str, int]) -> None:
    name = _target(part)
    if name is not None:
        counts[name] = counts.get(name, 0) + 1
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _count(inner, counts)


def _reaches(start: str, wanted: str, definitions: dict[str, Schema], seen: set[str]) -> bool:
    found: dict[str, int] = {}
    _count(definitions.get(start, {}), found)
    for name in found:
        if name == wanted:
            return True
        if name not in seen:
            seen.add(name)
            if _reaches(name, wanted, definitions, seen):
                return True
    return False


def _inlined(part: Any, definitions: dict[str, Schema], inline: set[str]) -> Any:
    if isinstance(part, list):
        return [_inlined(inner, definitions, inline) for inner in part]
    if not isinstance(part, dict):
        return part
    name = _target(part)
    if name is not None and name in inline:
        siblings = {key: value for key, value in part.items() if key != "$ref"}
        part = {**definitions[name], **siblings}
    return {key: _inlined(inner, definitions, inline) for key, inner in part.items()}


def is_object(schema: Schema, definitions: dict[str, Schema] | None = None, depth: int = 16) -> bool:
    """Are all values of this schema objects?"""
    if definitions is None:
        definitions = schema.get("$defs", {})
    if schema.get("type") == "object":
        return True
    if depth == 0:
        return False
    name = _target(schema)
    if name is not None:
        return is_object(definitions.get(name, {}), definitions, depth - 1)
    for key in ("anyOf", "oneOf"):
        members = schema.get(key)
        if members:
            return all(is_object(member, definitions, depth - 1) for member in members)
    return False
