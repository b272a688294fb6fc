"""Shapes of classes with fields: dataclass, TypedDict, NamedTuple and pydantic's models."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Callable
from typing import Any, get_args

from ._errors import Mismatch
from ._json import plain
from ._shape import Builder, Decode, Schema, Shape, Unsupported, read_at, show, substitute


class Field(typing.NamedTuple):
    """One field of an object."""

    name: str
    shape: Shape
    is_required: bool
    has_default: bool = False
    default: Any = None
    description: str | None = None


def find(builder: Builder, annotation: Any, origin: Any) -> Callable[[], Shape] | None:
    """What builds the shape of this class, if it is one that has fields."""
    if typing.is_typeddict(origin) or _is_extension_typeddict(origin):
        return lambda: _typed_dict(builder, annotation, origin)
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return lambda: _dataclass(builder, annotation, origin)
    if isinstance(origin, type) and issubclass(origin, tuple) and hasattr(origin, "_fields"):
        return lambda: _named_tuple(builder, annotation, origin)
    return None


def _is_extension_typeddict(origin: Any) -> bool:
    extensions = sys.modules.get("typing_extensions")
    return extensions is not None and bool(extensions.is_typeddict(origin))


def _hints(annotation: Any, origin: Any) -> dict[str, Any]:
    """The annotations of the fields, forward references and type variables filled in."""
    try:
        hints = typing.get_type_hints(origin, include_extras=True)
    except NameError as error:
        raise Unsupported(f"a field of `{show(origin)}` is annotated with an unknown name: {error}") from error
    mapping = dict(zip(getattr(origin, "__parameters__", ()), get_args(annotation), strict=False))
    return {name: substitute(hint, mapping) for name, hint in hints.items()}


def _field_shape(builder: Builder, owner: Any, name: str, hint: Any) -> Shape:
    try:
        return builder.shape(hint)
    except Unsupported as problem:
        raise Unsupported(f"field `{name}` of `{show(owner)}`: {problem}") from problem


def _dataclass(builder: Builder, annotation: Any, origin: Any) -> Shape:
    hints = _hints(annotation, origin)
    fields: list[Field] = []
    for field in dataclasses.fields(origin):
        if not field.init and not builder.output:
            continue
        shape = _field_shape(builder, origin, field.name, hints[field.name])
        has_default = field.default is not dataclasses.MISSING
        is_required = not has_default and field.default_factory is dataclasses.MISSING
        description = field.metadata.get("description")
        fields.append(Field(field.name, shape, is_required, has_default, field.default, description))
    schema = object_schema(fields, output=builder.output, is_open=builder.output)
    return Shape(schema, _construct(origin, fields), _fits_object(fields, is_open=False))


def _named_tuple(builder: Builder, annotation: Any, origin: Any) -> Shape:
    hints = _hints(annotation, origin)
    defaults = origin._field_defaults
    fields = [
        Field(
            name, _field_shape(builder, origin, name, hints.get(name, Any)),
            name not in defaults, name in defaults, defaults.get(name),
        )
        for name in origin._fields
    ]  # fmt: skip
    schema = object_schema(fields, output=builder.output, is_open=builder.output)
    return Shape(schema, _construct(origin, fields), _fits_object(fields, is_open=False))


def _typed_dict(builder: Builder, annotation: Any, origin: Any) -> Shape:
    hints = _hints(annotation, origin)
    required = _required_keys(origin, hints)
    fields = [
        Field(name, _field_shape(builder, origin, name, hint), name in required)
        for name, hint in hints.items()
    ]
    schema = object_schema(fields, output=False, is_open=builder.output)
    decoders = [(field.name, field.shape.decode) for field in fields if field.shape.decode is not None]

    def decode(value: dict[str, Any]) -> dict[str, Any]:
        return {**value, **{name: read_at(name, read, value[name]) for name, read in decoders if name in value}}

    return Shape(schema, decode if decoders else None, _fits_object(fields, is_open=False))


def _required_keys(origin: Any, hints: dict[str, Any]) -> set[str]:
    """With postponed annotations `__required_keys__` misses `Required` and `NotRequired`."""
    required: set[str] = set()
    for name, hint in hints.items():
        marker = getattr(typing.get_origin(hint), "_name", None)
        if marker == "Required" or (marker != "NotRequired" and name in origin.__required_keys__):
            required.add(name)
    return required


def object_schema(fields: list[Field], *, output: bool, is_open: bool) -> Schema:
    """The schema of an object with these fields."""
    properties: dict[str, Schema] = {}
    for field in fields:
        schema = field.shape.schema
        if field.description is not None:
            schema = {**schema, "description": field.description}
        if field.has_default and not output:
            schema = with_default(schema, field.default)
        properties[field.name] = schema
    made: Schema = {"type": "object", "properties": properties}
    required = [field.name for field in fields if field.is_required or output]
    if required:
        made["required"] = required
    if not is_open:
        made["additionalProperties"] = False
    return made


def with_default(schema: Schema, default: Any) -> Schema:
    """The schema with a default, if JSON can hold that one."""
    try:
        return {**schema, "default": plain(default)}
    except Mismatch:
        return schema


def _construct(origin: Any, fields: list[Field]) -> Decode:
    decoders = [(field.name, field.shape.decode) for field in fields if field.shape.decode is not None]

    def decode(value: dict[str, Any]) -> Any:
        for name, read in decoders:
            if name in value:
                value = {**value, name: read_at(name, read, value[name])}
        return origin(**value)

    return decode


def _fits_object(fields: list[Field], *, is_open: bool) -> Callable[[Any], bool]:
    known = {field.name: field.shape.fits for field in fields}
    required = {field.name for field in fields if field.is_required}

    def fits(value: Any) -> bool:
        if not isinstance(value, dict) or not required <= value.keys():
            return False
        if not is_open and not value.keys() <= known.keys():
            return False
        return all(known[name](item) for name, item in value.items() if name in known)

    return fits


# --- pydantic --------------------------------------------------------------------------------


def is_pydantic(origin: Any) -> bool:
    """Is it a model, or another class that pydantic knows how to read?"""
    if "pydantic" not in sys.modules:
        return False
    return hasattr(origin, "__pydantic_core_schema__") or hasattr(origin, "__get_pydantic_core_schema__")


def pydantic_shape(builder: Builder, annotation: Any) -> Shape:
    """What pydantic says of it; its definitions join those of the document."""
    pydantic: Any = sys.modules["pydantic"]
    adapter = pydantic.TypeAdapter(annotation)
    schema = _pydantic_schema(builder, annotation, adapter)

    def decode(value: Any) -> Any:
        try:
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = Mismatch(first["msg"])
            problem.path.extend(reversed(first["loc"]))
            raise problem from error

    def fits(value: Any) -> bool:
        try:
            adapter.validate_python(value)
        except pydantic.ValidationError:
            return False
        return True

    return Shape(schema, decode, fits)


def _pydantic_schema(builder: Builder, annotation: Any, adapter: Any) -> Schema:
    mode = "serialization" if builder.output else "validation"
    suffix, count = "", 1
    while True:
        try:
            schema: Schema = adapter.json_schema(mode=mode, ref_template=f"#/$defs/{{model}}{suffix}")
        except Exception as error:
            raise Unsupported(f"pydantic has no JSON Schema for `{show(annotation)}`: {error}") from error
        made = {f"{name}{suffix}": body for name, body in schema.pop("$defs", {}).items()}
        if all(builder.definitions.get(name, body) == body for name, body in made.items()):
            builder.definitions.update(made)
            return schema
        # Another class has the same name.
        count += 1
        suffix = f"_{count}"
