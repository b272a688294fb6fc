"""Annotations become shapes: a JSON Schema, a way to read a JSON value, and a test whether it fits.

The host has validated the arguments against the schema before a shape reads them, so reading trusts
what a schema can express. Writing needs no shape: see `_json.plain`.
"""

from __future__ import annotations

import collections.abc
import enum
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from . import _leaf
from ._errors import Mismatch
from ._field import facts
from ._json import plain

Schema = dict[str, Any]
Decode = Callable[[Any], Any]


class Shape(NamedTuple):
    """How values of one annotation look as JSON."""

    schema: Schema
    # None when the JSON value is the Python value.
    decode: Decode | None
    fits: Callable[[Any], bool]


class Unsupported(Exception):
    """An annotation that has no JSON form; says what to write instead."""


_LISTS = {
    list, collections.abc.Sequence, collections.abc.MutableSequence, collections.abc.Collection,
    collections.abc.Iterable, collections.abc.Reversible, collections.deque,
}  # fmt: skip
_SETS = {set, frozenset, collections.abc.Set, collections.abc.MutableSet}
_DICTS = {
    dict, collections.abc.Mapping, collections.abc.MutableMapping, collections.OrderedDict,
    collections.defaultdict,
}  # fmt: skip
_FLAT = {"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"}
_INSTEAD = {
    complex: "a `tuple[float, float]`",
    collections.abc.Callable: "the name of a tool as `str`",
    type: "a `Literal` of names",
    collections.abc.Iterator: "`list[…]`",
    collections.abc.Generator: "`list[…]`",
    collections.abc.AsyncIterator: "`list[…]`",
}


class Builder:
    """Builds the shapes of one schema document; what is named or recursive goes to its `$defs`."""

    def __init__(self, *, output: bool = False) -> None:
        self.output = output
        self.definitions: dict[str, Schema] = {}
        self._known: dict[Any, Shape] = {}
        self._names: dict[str, Any] = {}

    def shape(self, annotation: Any) -> Shape:
        """The shape of an annotation whose forward references are resolved."""
        if annotation is None or annotation is type(None):
            return Shape({"type": "null"}, None, lambda value: value is None)
        if annotation is Any or annotation is object:
            return Shape({}, None, lambda value: True)
        leaf = _leaf.find(annotation)
        if leaf is not None:
            return Shape(dict(leaf.schema), leaf.decode, leaf.fits)
        if isinstance(annotation, (str, typing.ForwardRef)):
            raise Unsupported(f"the name {annotation!s} is not defined where the function is")
        if isinstance(annotation, TypeVar):
            return self._type_variable(annotation)
        if hasattr(annotation, "__supertype__"):
            return self.shape(annotation.__supertype__)
        if hasattr(annotation, "__value__"):
            return self._alias(annotation)
        origin = get_origin(annotation)
        if origin is None:
            return self._plain_class(annotation)
        return self._composed(annotation, origin, get_args(annotation))

    # --- Composed annotations ---

    def _composed(self, annotation: Any, origin: Any, args: tuple[Any, ...]) -> Shape:
        if origin is typing.Annotated:
            return self._annotated(annotation)
        if origin is Union or origin is types.UnionType:
            return self._union(args)
        if origin is Literal:
            return self._literal(args)
        if getattr(origin, "_name", None) in _FLAT:
            return self.shape(args[0])
        if origin in _LISTS:
            return self._list(args, collections.deque if origin is collections.deque else None)
        if origin in _SETS:
            return self._set(args, frozenset if origin is frozenset else set)
        if origin in _DICTS:
            return self._dict(args, origin)
        if origin is tuple:
            return self._tuple(args)
        if hasattr(origin, "__value__"):
            return self._alias(annotation)
        if isinstance(origin, type):
            return self._object(annotation, origin)
        raise _unsupported(annotation)

    def _plain_class(self, annotation: Any) -> Shape:
        if annotation in _LISTS:
            return self._list((Any,), collections.deque if annotation is collections.deque else None)
        if annotation in _SETS:
            return self._set((Any,), frozenset if annotation is frozenset else set)
        if annotation in _DICTS:
            return self._dict((str, Any), annotation)
        if annotation is tuple:
            return self._tuple((Any, ...))
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            return self._enum(annotation)
        return self._object(annotation, annotation)

    def _annotated(self, annotation: Any) -> Shape:
        inner = self.shape(annotation.__origin__)
        said: dict[str, Any] = {}
        for metadata in annotation.__metadata__:
            said.update(facts(metadata))
        return Shape(constrain(inner.schema, said), inner.decode, inner.fits)

    def _union(self, members: tuple[Any, ...]) -> Shape:
        shapes = [self.shape(member) for member in members]
        schema: Schema = {"anyOf": _without_repeats([shape.schema for shape in shapes])}
        if len(schema["anyOf"]) == 1:
            schema = schema["anyOf"][0]

        def fits(value: Any) -> bool:
            return any(shape.fits(value) for shape in shapes)

        if all(shape.decode is None for shape in shapes):
            return Shape(schema, None, fits)
        solid = [shape for shape in shapes if shape.schema != {"type": "null"}]
        if len(solid) == 1 and len(solid) < len(shapes):
            inner = typing.cast(Decode, solid[0].decode)
            return Shape(schema, lambda value: None if value is None else inner(value), fits)

        def decode(value: Any) -> Any:
            for shape in shapes:
                if shape.fits(value):
                    return value if shape.decode is None else shape.decode(value)
            raise Mismatch("fits none of " + ", ".join(map(show, members)))

        return Shape(schema, decode, fits)

    def _literal(self, choices: tuple[Any, ...]) -> Shape:
        by_json: dict[tuple[type, Any], Any] = {}
        for choice in choices:
            value = choice.value if isinstance(choice, enum.Enum) else choice
            if not isinstance(value, (str, int, type(None))):
                raise Unsupported(f"`Literal[{choice!r}]` has no JSON form: use text or whole numbers")
            by_json[type(value), value] = choice
        return _choice([value for _, value in by_json], by_json)

    def _enum(self, kind: type[enum.Enum]) -> Shape:
        by_json: dict[tuple[type, Any], Any] = {}
        for member in kind:
            value = plain(member.value)
            if not isinstance(value, (str, int, float, type(None))):
                raise Unsupported(
                    f"`{kind.__name__}.{member.name}` has a value that is not text or a number:"
                    " give it one"
                )
            by_json[type(value), value] = member
        if not by_json:
            raise Unsupported(f"`{kind.__name__}` has no members")
        return _choice([value for _, value in by_json], by_json)

    def _list(self, args: tuple[Any, ...], make: Callable[..., Any] | None) -> Shape:
        item = self.shape(args[0] if args else Any)
        schema: Schema = {"type": "array"}
        if item.schema:
            schema["items"] = item.schema
        return Shape(schema, _decode_items(item.decode, make), _fits_items(item))

    def _set(self, args: tuple[Any, ...], make: Callable[..., Any]) -> Shape:
        inner = self._list(args, make)
        return Shape({**inner.schema, "uniqueItems": True}, _hashable(inner.decode), inner.fits)

    def _dict(self, args: tuple[Any, ...], kind: Any) -> Shape:
        key = self.shape(args[0])
        if key.schema.get("type") != "string":
            raise Unsupported(
                f"the keys of `{show(kind)}` are `{show(args[0])}`, and JSON's keys are text: write"
                f" `dict[str, {show(args[1])}]`"
            )
        value = self.shape(args[1])
        schema: Schema = {"type": "object"}
        if key.schema != {"type": "string"}:
            schema["propertyNames"] = key.schema
        if value.schema:
            schema["additionalProperties"] = value.schema

        def fits(candidate: Any) -> bool:
            return isinstance(candidate, dict) and all(
                key.fits(name) and value.fits(item) for name, item in candidate.items()
            )

        return Shape(schema, _decode_entries(key.decode, value.decode), fits)

    def _tuple(self, args: tuple[Any, ...]) -> Shape:
        if len(args) == 2 and args[1] is ...:
            return self._list(args[:1], tuple)
        items = [self.shape(arg) for arg in args]
        schema: Schema = {"type": "array", "minItems": len(items), "maxItems": len(items)}
        if items:
            schema["prefixItems"] = [item.schema for item in items]
        decoders = [item.decode for item in items]

        def decode(value: list[Any]) -> tuple[Any, ...]:
            return tuple(
                item if read is None else read_at(index, read, item)
                for index, (read, item) in enumerate(zip(decoders, value, strict=True))
            )

        def fits(value: Any) -> bool:
            return (
                isinstance(value, list)
                and len(value) == len(items)
                and all(item.fits(inner) for item, inner in zip(items, value, strict=True))
            )

        return Shape(schema, decode, fits)

    # --- Named and recursive ones ---

    def _type_variable(self, variable: Any) -> Shape:
        if variable.__constraints__:
            return self._union(variable.__constraints__)
        return self.shape(variable.__bound__ if variable.__bound__ is not None else Any)

    def _alias(self, annotation: Any) -> Shape:
        origin = get_origin(annotation) or annotation
        target = origin.__value__
        if origin is not annotation:
            target = substitute(target, dict(zip(origin.__type_params__, get_args(annotation), strict=True)))
        return self.named(annotation, origin.__name__, lambda: self.shape(target))

    def _object(self, annotation: Any, origin: Any) -> Shape:
        from . import _objects

        if _objects.is_pydantic(origin):
            return _objects.pydantic_shape(self, annotation)
        build = _objects.find(self, annotation, origin)
        if build is None:
            raise _unsupported(annotation)
        return self.named(annotation, show(annotation), build)

    def named(self, key: Any, name: str, build: Callable[[], Shape]) -> Shape:
        """A shape that others refer to by name, so that it may contain itself."""
        known = self._known.get(key)
        if known is not None:
            return known
        name = self._free_name(name, key)
        finished: list[Shape] = []

        def decode(value: Any) -> Any:
            read = finished[0].decode
            return value if read is None else read(value)

        reference = Shape({"$ref": f"#/$defs/{name}"}, decode, lambda value: finished[0].fits(value))
        self._known[key] = reference
        built = build()
        finished.append(built)
        self.definitions[name] = built.schema
        # Whoever asks from now on needs no detour.
        self._known[key] = Shape(reference.schema, built.decode, built.fits)
        return self._known[key]

    def _free_name(self, name: str, key: Any) -> str:
        name = "".join(char if char.isalnum() or char == "_" else "_" for char in name).strip("_")
        free, count = name, 2
        while self._names.get(free, key) is not key and self._names.get(free) != key:
            free, count = f"{name}{count}", count + 1
        self._names[free] = key
        return free


# --- Bounds and descriptions -----------------------------------------------------------------

_NUMBER = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum",
           "multiple_of": "multipleOf"}  # fmt: skip
_LENGTHS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems"),
            "object": ("minProperties", "maxProperties")}  # fmt: skip


def constrain(schema: Schema, said: dict[str, Any]) -> Schema:
    """The schema with what a `Field` says about it."""
    made = dict(schema)
    for name in ("title", "description"):
        if name in said:
            made[name] = said[name]
    if "examples" in said:
        made["examples"] = plain(list(said["examples"]))
    bounds = {name: value for name, value in said.items() if name not in ("title", "description", "examples")}
    if bounds:
        _bound(made, bounds)
    return made


def _bound(schema: Schema, bounds: dict[str, Any]) -> None:
    kind = schema.get("type")
    if kind is None and "anyOf" in schema:
        # `Annotated[int | None, Field(ge=1)]` bounds the number, not the None.
        schema["anyOf"] = [dict(member) for member in schema["anyOf"]]
        for member in schema["anyOf"]:
            if member.get("type") != "null":
                _bound(member, bounds)
        return
    for name, value in bounds.items():
        if name in _NUMBER and kind in ("integer", "number"):
            schema[_NUMBER[name]] = plain(value)
        elif name in ("min_length", "max_length") and kind in _LENGTHS:
            schema[_LENGTHS[kind][name == "max_length"]] = value
        elif name in ("pattern", "format") and kind == "string":
            schema[name] = value if isinstance(value, str) else getattr(value, "pattern", str(value))
        else:
            raise Unsupported(f"`{name}` says nothing about {_kind_words(kind)}: leave it out")


def _kind_words(kind: Any) -> str:
    return f"a JSON {kind}" if isinstance(kind, str) else "a value of this type"


# --- Reading ---------------------------------------------------------------------------------


def read_at(key: str | int, decode: Decode, value: Any) -> Any:
    """Reads one part of a value; a misfit says where it is."""
    try:
        return decode(value)
    except Mismatch as problem:
        problem.path.append(key)
        raise
    except (ValueError, TypeError, ArithmeticError) as error:
        misfit = Mismatch(str(error) or type(error).__name__)
        misfit.path.append(key)
        raise misfit from error


def _decode_items(decode: Decode | None, make: Callable[..., Any] | None) -> Decode | None:
    if decode is None:
        return make

    def read(value: list[Any]) -> Any:
        try:
            made: Any = list(map(decode, value))
        except (Mismatch, ValueError, TypeError, ArithmeticError):
            made = [read_at(index, decode, item) for index, item in enumerate(value)]
        return made if make is None else make(made)

    return read


def _hashable(decode: Decode | None) -> Decode | None:
    def read(value: list[Any]) -> Any:
        try:
            return value if decode is None else decode(value)
        except TypeError as error:
            raise Mismatch(f"cannot be a set: {error}") from error

    return read


def _decode_entries(key: Decode | None, value: Decode | None) -> Decode | None:
    if key is None and value is None:
        return None

    def read(entries: dict[str, Any]) -> dict[Any, Any]:
        return {
            (name if key is None else read_at(name, key, name)): (
                item if value is None else read_at(name, value, item)
            )
            for name, item in entries.items()
        }

    return read


def _fits_items(item: Shape) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(item.fits, value))


def _choice(values: list[Any], by_json: dict[tuple[type, Any], Any]) -> Shape:
    schema: Schema = {"enum": values} if len(values) > 1 else {"const": values[0]}
    kinds = {type(value) for value in values}
    names = {str: "string", int: "integer", bool: "boolean", float: "number", type(None): "null"}
    if len(kinds) == 1:
        schema = {"type": names[kinds.pop()], **schema}
    plain_choices = all(choice is value for (_, value), choice in by_json.items())

    def decode(value: Any) -> Any:
        found = by_json.get((type(value), value), by_json)
        if found is by_json and type(value) is float and value.is_integer():
            found = by_json.get((int, int(value)), by_json)
        if found is by_json:
            raise Mismatch("is none of " + ", ".join(map(repr, values)))
        return found

    def fits(value: Any) -> bool:
        return isinstance(value, (str, int, float, type(None))) and (type(value), value) in by_json

    is_text = all(type(value) is str for value in values)
    return Shape(schema, None if plain_choices and is_text else decode, fits)


def _without_repeats(schemas: list[Schema]) -> list[Schema]:
    made: list[Schema] = []
    for schema in schemas:
        if schema not in made:
            made.append(schema)
    return made


# --- Words -----------------------------------------------------------------------------------


def show(annotation: Any) -> str:
    """An annotation as an author would write it."""
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__name__
    text = str(annotation).replace("typing.", "").replace("collections.abc.", "")
    module = getattr(annotation, "__module__", "")
    return text.replace(f"{module}.", "") if module else text


def _unsupported(annotation: Any) -> Unsupported:
    origin = get_origin(annotation) or annotation
    instead = _INSTEAD.get(origin) if isinstance(origin, collections.abc.Hashable) else None
    if instead is None and isinstance(annotation, type):
        instead = f"a `@dataclass` or `TypedDict` of what `{annotation.__name__}` holds"
    return Unsupported(f"`{show(annotation)}` has no JSON form: write {instead or 'Any'}")


def substitute(annotation: Any, mapping: dict[Any, Any]) -> Any:
    """The annotation with its type variables filled in."""
    if not mapping:
        return annotation
    if isinstance(annotation, TypeVar):
        return mapping.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or isinstance(annotation, type):
        return annotation
    return annotation[tuple(mapping.get(parameter, parameter) for parameter in parameters)]
