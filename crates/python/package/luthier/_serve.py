"""From a declaration to its entry in the manifest and the function that answers calls."""

from __future__ import annotations

import base64
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from ._content import blocks, message
from ._context import CURRENT, NOTHING, SESSION, STAGING, Assets, Context
from ._declare import Declaration
from ._errors import Mismatch, ToolError
from ._function import TAKEN, Fault, Function, is_object, reader
from ._json import dump_result, loads, plain

Run = Callable[[bytes, Any], bytes | Awaitable[bytes]]
Built = tuple[dict[str, Any], Run]
Manifest = dict[str, list[Any]]

COMPLETIONS_MAX = 100

# Tools of this folder change the staged state document.
TUNER_FOLDER = "tools/tuner"
# They are told of other conversations, and it is the host that counts feedback.
TAKEN_OF_TUNER: Mapping[str, str] = {"feedback_id": "nothing: the host sees to it that feedback counts once"}


# --- Tools -----------------------------------------------------------------------------------


def _tool(declaration: Declaration, assets: Assets, manifest: Manifest) -> Built:
    is_of_tuner = declaration.file.rpartition("/")[0] == TUNER_FOLDER
    function = Function(declaration.function, taken=TAKEN_OF_TUNER if is_of_tuner else TAKEN)
    options = declaration.options
    is_stateful = bool(options["stateful"])
    if is_stateful and function.context_name is None:
        raise Fault("it is stateful but takes no context: add a parameter `ctx: Context`")
    changes = SESSION if is_stateful else NOTHING
    if is_of_tuner:
        if function.is_async:
            raise Fault("a tool of `tools/tuner` is a plain function: write `def` without `async`")
        if is_stateful:
            raise Fault("a tool of `tools/tuner` has no session: it changes `ctx.staging`")
        changes = STAGING
    output = function.output_schema
    result = "content" if function.returns_content else "object" if is_object(output) else "wrapped"
    description = options["description"] or function.docstring.text
    if not description:
        function.warnings.append("it has no description: give it a docstring")
    entry: dict[str, Any] = {
        "key": declaration.name,
        "name": declaration.name,
        "description": description,
        "input_schema": _extended(function.input_schema(), options["schema"]),
        "output_schema": _wrapped(output) if result == "wrapped" else _rooted(output),
        "result": result,
        "annotations": options["annotations"],
        "is_async": function.is_async,
        "is_blocking": bool(options["blocking"]),
        "is_stateful": is_stateful,
    }
    _add_given(entry, options, "title", "deadline_ms", "meta")
    if options["fallback"]:
        entry["fallback"] = True
    if function.context_name is not None:
        entry["takes_context"] = True
    _finish_entry(entry, declaration, function, manifest)
    write = (lambda value: dump_result(blocks(value))) if result == "content" else dump_result
    return entry, _caller(function, assets, changes, write)


def _extended(schema: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the author's own keywords; of properties and definitions one by one."""
    if not more:
        return schema
    try:
        added = plain(dict(more))
    except Mismatch as problem:
        raise Fault(f"schema at {problem.pointer() or '/'} {problem.reason}") from problem
    made = {**schema, **added}
    for name in ("properties", "$defs"):
        if name in schema and name in added:
            keys = {**schema[name], **added[name]}
            made[name] = {key: {**schema[name].get(key, {}), **added[name].get(key, {})} for key in keys}
    unknown = made["properties"].keys() - schema["properties"].keys()
    if unknown:
        raise Fault(f"schema has properties {_list(unknown)}, but the function no such parameter")
    return made


def _wrapped(output: dict[str, Any]) -> dict[str, Any]:
    """What a client sees of a value that is no object; `$defs` stay at the root."""
    inner = {name: value for name, value in output.items() if name != "$defs"}
    made: dict[str, Any] = {"type": "object", "properties": {"result": inner}, "required": ["result"]}
    return {**made, "$defs": output["$defs"]} if "$defs" in output else made


def _rooted(output: dict[str, Any]) -> dict[str, Any]:
    """MCP wants `type: object` at the root, even of a reference."""
    return output if output.get("type") == "object" else {"type": "object", **output}


def _add_given(entry: dict[str, Any], options: dict[str, Any], *names: str) -> None:
    for name in names:
        if options.get(name) is not None:
            entry[name] = options[name]


def _finish_entry(
    entry: dict[str, Any], declaration: Declaration, function: Function, manifest: Manifest
) -> None:
    entry["module"] = declaration.file
    entry["line"] = declaration.line
    if "meta" in entry:
        try:
            entry["meta"] = plain(entry["meta"])
        except Mismatch as problem:
            raise Fault(f"meta at {problem.pointer() or '/'} {problem.reason}") from problem
    place = f"{declaration.file}:{declaration.line}: {declaration.kind} `{declaration.name}`"
    manifest["warnings"].extend(f"{place}: {warning}" for warning in function.warnings)


def _caller(
    function: Function, assets: Assets, changes: str, write: Callable[[Any], bytes]
) -> Run:
    """What a call runs: everything that can be known before it, is."""
    read, target, name = reader(function), function.callable(), function.context_name
    make_context: Callable[[Any, Assets, str], Context] = Context
    hand_over = getattr(function.context_class, "of", None)
    enter, leave = CURRENT.set, CURRENT.reset

    def arguments_of(body: bytes, context: Context) -> dict[str, Any]:
        try:
            arguments = read(body)
        except Mismatch as problem:
            raise _misfit(problem) from problem.__cause__
        if name is not None:
            arguments[name] = context if hand_over is None else hand_over(context)
        return arguments

    if function.is_async:

        async def run_async(body: bytes, info: Any) -> bytes:
            context = make_context(info, assets, changes)
            arguments = arguments_of(body, context)
            # A task has contextvars of its own, but whoever awaits this may not have made one.
            token = enter(context)
            try:
                value = await target(**arguments)
            finally:
                leave(token)
            if changes:
                _settle(context, info, changes)
            return write(value)

        return run_async

    def run(body: bytes, info: Any) -> bytes:
        context = make_context(info, assets, changes)
        arguments = arguments_of(body, context)
        token = enter(context)
        try:
            value = target(**arguments)
        finally:
            leave(token)
        if changes:
            _settle(context, info, changes)
        return write(value)

    return run


def _misfit(problem: Mismatch) -> ToolError:
    pointer = problem.pointer()
    return ToolError(f"the argument at {pointer or '/'}: {problem.reason}", {"pointer": pointer})


def _settle(context: Context, info: Any, what: str) -> None:
    """Brings what the call may change down to plain JSON, or says what in it is none."""
    context.settle()
    session = info.session
    if session is None:
        return
    try:
        made = plain(session)
    except Mismatch as problem:
        pointer = problem.pointer()
        raise ToolError(
            f"the {what} at {pointer or '/'} {problem.reason}", {"pointer": pointer}
        ) from None
    if made is not session and made != session:
        session.clear()
        session.update(made)


# --- Resources -------------------------------------------------------------------------------

_VARIABLE = re.compile(r"\{(\+|\?)?([A-Za-z_][A-Za-z0-9_]*(?:,[A-Za-z_][A-Za-z0-9_]*)*)(\*)?\}")


def _resource(declaration: Declaration, assets: Assets, manifest: Manifest) -> Built:
    function = Function(declaration.function)
    options = declaration.options
    uri = options["uri"]
    variables, pattern = _template(uri)
    names = {parameter.name for parameter in function.parameters}
    required = {parameter.name for parameter in function.parameters if parameter.is_required}
    if not variables <= names:
        raise Fault(f"its template has {_list(variables - names)}, but the function no such parameter")
    if not required <= variables:
        raise Fault(
            f"it needs {_list(required - variables)}, but its template has no such variable: write"
            f' `@resource("{uri}/{{{min(required - variables)}}}")`'
        )
    mime_type = options["mime_type"] or _mime_type(function.hints.get("return", Any))
    entry: dict[str, Any] = {
        "key": uri,
        "uri_template" if variables else "uri": uri,
        "name": declaration.name,
        "description": options["description"] or function.docstring.text,
        "mime_type": mime_type,
        "is_async": function.is_async,
    }
    if variables:
        entry["uri_pattern"] = pattern
    _add_given(entry, options, "title", "meta")
    _finish_entry(entry, declaration, function, manifest)
    inner = _caller(function, assets, NOTHING, lambda value: _contents(value, mime_type))
    return entry, _resource_run(inner, function, uri, re.compile(pattern) if variables else None)


def _template(uri: str) -> tuple[set[str], str]:
    """The variables of a URI template and a regular expression of the URIs that it stands for."""
    variables: set[str] = set()
    pattern, end = "^", 0
    for found in _VARIABLE.finditer(uri):
        pattern += re.escape(uri[end : found.start()])
        names = found[2].split(",")
        variables.update(names)
        if found[1] == "?":
            pattern += r"(?:\?(?P<luthier_query>[^#]*))?"
        else:
            one = ".+" if found[1] == "+" or found[3] else "[^/?#]+"
            pattern += ",".join(f"(?P<{name}>{one})" for name in names)
        end = found.end()
    rest = uri[end:]
    if "{" in rest or "}" in rest or "{" in re.sub(_VARIABLE, "", uri):
        raise Fault(f"the template {uri!r} is not understood: write variables as `{{name}}` or `{{name*}}`")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", uri):
        raise Fault(f"{uri!r} is no URI: begin it with a scheme, as in `notes://{uri}`")
    return variables, pattern + re.escape(rest) + "$"


def _list(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _mime_type(hint: Any) -> str:
    if hint is str:
        return "text/plain"
    return "application/octet-stream" if hint in (bytes, bytearray) else "application/json"


def _resource_run(run: Run, function: Function, uri: str, pattern: re.Pattern[str] | None) -> Run:
    from urllib.parse import parse_qs, unquote

    readers = {parameter.name: _text_reader(parameter.annotation) for parameter in function.parameters}

    def call(body: bytes, info: Any) -> bytes | Awaitable[bytes]:
        wanted = loads(body).get("uri", uri) if body else uri
        if pattern is None:
            return run(b"{}", info)
        found = pattern.match(wanted)
        if found is None:
            raise ToolError(f"{wanted!r} does not fit the template {uri!r}")
        given = {name: unquote(text) for name, text in found.groupdict().items() if text is not None}
        query = given.pop("luthier_query", None)
        if query is not None:
            asked = parse_qs(found["luthier_query"]).items()
            given.update((name, texts[-1]) for name, texts in asked if name in readers)
        return run(dump_result({name: readers[name](text) for name, text in given.items()}), info)

    return call


def _text_reader(annotation: Any) -> Callable[[str], Any]:
    """Values in URIs and prompts come as text; this makes JSON of those that are none."""
    members = typing.get_args(annotation) or (annotation,)
    if typing.get_origin(annotation) is typing.Annotated:
        return _text_reader(annotation.__origin__)
    if annotation is Any or str in members or typing.get_origin(annotation) is Literal:
        return lambda text: text

    def read(text: str) -> Any:
        try:
            return loads(text.encode())
        except ValueError:
            return text

    return read


def _contents(value: Any, mime_type: str) -> bytes:
    """What a resource returned, as text or as base64."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return dump_result({"mime_type": mime_type, "blob": base64.b64encode(value).decode()})
    text = value if isinstance(value, str) else dump_result(value).decode()
    return dump_result({"mime_type": mime_type, "text": text})


# --- Prompts ---------------------------------------------------------------------------------


def _prompt(declaration: Declaration, assets: Assets, manifest: Manifest) -> Built:
    function = Function(declaration.function, infer_output=False)
    options = declaration.options
    description = options["description"] or function.docstring.text
    arguments = [
        {
            "name": parameter.name,
            "description": parameter.description or "",
            "required": parameter.is_required,
            **_choices(parameter.schema),
        }
        for parameter in function.parameters
    ]
    entry: dict[str, Any] = {
        "key": declaration.name,
        "name": declaration.name,
        "description": description,
        "arguments": arguments,
        "is_async": function.is_async,
    }
    _add_given(entry, options, "title")
    _finish_entry(entry, declaration, function, manifest)
    inner = _caller(function, assets, NOTHING, lambda value: _messages(value, description))
    readers = {parameter.name: _text_reader(parameter.annotation) for parameter in function.parameters}

    def call(body: bytes, info: Any) -> bytes | Awaitable[bytes]:
        given = loads(body) if body else {}
        for name, value in given.items():
            if isinstance(value, str) and name in readers:
                given[name] = readers[name](value)
        unknown = given.keys() - readers.keys()
        missing = {item["name"] for item in arguments if item["required"]} - given.keys()
        if unknown or missing:
            problem = f"has no argument {_list(unknown)}" if unknown else f"needs {_list(missing)}"
            raise ToolError(f"the prompt `{declaration.name}` {problem}")
        return inner(dump_result(given, "the argument"), info)

    return entry, call


def _choices(schema: dict[str, Any]) -> dict[str, Any]:
    """What can be completed without a function of the author's."""
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    return {"choices": [str(value) for value in values]} if values else {}


def _messages(value: Any, description: str) -> bytes:
    items = value if isinstance(value, (list, tuple)) else [value]
    messages = [message(item) for item in items]
    return dump_result({"description": description, "messages": messages}, "the prompt")


# --- Completions -----------------------------------------------------------------------------


def _completion(declaration: Declaration, assets: Assets, manifest: Manifest) -> Built:
    target = declaration.function
    of, argument = declaration.options["of"], declaration.options["argument"]
    kind = "resource" if "://" in of or "{" in of else "prompt"
    parameters = list(inspect.signature(target).parameters.values())
    if not 1 <= len(parameters) <= 2:
        raise Fault("it takes the text typed so far, and if it wants a dict of the other arguments")
    is_async = inspect.iscoroutinefunction(target)
    entry = {"key": f"{of}#{argument}", "of": kind, "name": of, "argument": argument, "is_async": is_async,
             "module": declaration.file, "line": declaration.line}  # fmt: skip
    wants_context = len(parameters) == 2

    def given(body: bytes) -> tuple[Any, ...]:
        asked = loads(body) if body else {}
        first = (asked.get("value", ""),)
        return (*first, asked.get("context") or {}) if wants_context else first

    async def run_async(body: bytes, info: Any) -> bytes:
        token = CURRENT.set(Context(info, assets, NOTHING))
        try:
            return _suggestions(await target(*given(body)))
        finally:
            CURRENT.reset(token)

    def run(body: bytes, info: Any) -> bytes:
        token = CURRENT.set(Context(info, assets, NOTHING))
        try:
            return _suggestions(target(*given(body)))
        finally:
            CURRENT.reset(token)

    return entry, run_async if is_async else run


def _suggestions(value: Any) -> bytes:
    values = [str(item) for item in value or ()]
    return dump_result(
        {"values": values[:COMPLETIONS_MAX], "total": len(values), "has_more": len(values) > COMPLETIONS_MAX}
    )


BUILD: dict[str, Callable[[Declaration, Assets, Manifest], Built]] = {
    "tool": _tool,
    "resource": _resource,
    "prompt": _prompt,
    "completion": _completion,
}
