"""What a FastMCP module imports, so that it loads here unchanged.

The decorators declare to Luthier; there is no second server. What has no meaning here is refused
while the module loads, with what to write instead.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Generator, Sequence
from types import ModuleType
from typing import Any, NoReturn

from . import _declare
from ._context import current
from ._context import Context as OwnContext
from ._errors import DeclarationError, ToolError
from ._function import CONTEXT_CLASSES

_TOOL_IGNORED = {"icons", "structured_output", "version", "run_in_thread"}
_SERVER_REFUSED = {
    "auth": "the server's own tokens guard it",
    "lifespan": "make what tools share in a module of tools/lib",
    "middleware": "put it into the tools",
    "providers": "define the tools in this workspace",
    "tools": "put `@mcp.tool` on the functions",
    "transforms": "write the tools as they should look",
}


class FastMCP:
    """Takes the declarations of a module. Its name and settings are the server's business."""

    def __init__(self, name: str | None = None, instructions: str | None = None, **settings: Any) -> None:
        for setting, value in settings.items():
            if setting in _SERVER_REFUSED and value:
                _unsupported(f"FastMCP({setting}=…)", _SERVER_REFUSED[setting])
        self.name = name or "FastMCP"
        self.instructions = instructions

    def tool(self, name_or_function: Any = None, /, **options: Any) -> Any:
        """`@mcp.tool`, `@mcp.tool()`, `@mcp.tool("name")`, with the usual options."""
        function, name = _target(name_or_function, options)
        given = _known(
            "tool", options, {"title", "description", "annotations", "meta"}, _TOOL_IGNORED
        )
        timeout = options.get("timeout")
        if timeout is not None:
            given["deadline_ms"] = max(1, round(float(timeout) * 1000))

        def decorate(target: Any) -> Any:
            if options.get("enabled", True):
                _declare.tool(name=name, **given)(target)
            return target

        return decorate if function is None else decorate(function)

    def add_tool(self, function: Callable[..., Any], **options: Any) -> None:
        """As `tool`, not as a decorator."""
        self.tool(function, **options)

    def resource(self, uri: str, **options: Any) -> Callable[[Any], Any]:
        """`@mcp.resource("notes://{id}")`."""
        if not isinstance(uri, str):
            raise DeclarationError('@mcp.resource needs a URI: write `@mcp.resource("notes://all")`')
        given = _known(
            "resource",
            options,
            {"name", "title", "description", "mime_type", "meta"},
            {"icons", "annotations", "version"},
        )

        def decorate(target: Any) -> Any:
            if options.get("enabled", True):
                _declare.resource(uri, **given)(target)
            return target

        return decorate

    def prompt(self, name_or_function: Any = None, /, **options: Any) -> Any:
        """`@mcp.prompt`, `@mcp.prompt()`, `@mcp.prompt("name")`."""
        function, name = _target(name_or_function, options)
        given = _known("prompt", options, {"title", "description"}, {"icons", "meta", "version"})

        def decorate(target: Any) -> Any:
            if options.get("enabled", True):
                _declare.prompt(name=name, **given)(target)
            return target

        return decorate if function is None else decorate(function)

    def run(self, *_: Any, **__: Any) -> NoReturn:
        raise DeclarationError(
            "mcp.run() starts a second server, and this module is served already: put it below"
            ' `if __name__ == "__main__":`'
        )

    run_async = run_stdio_async = run_http_async = run

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        _unsupported(f"FastMCP.{name}", "a module here declares tools, resources and prompts")


def _unsupported(what: str, instead: str) -> NoReturn:
    raise DeclarationError(f"`{what}` is not supported when Luthier serves a FastMCP module: {instead}")


def _target(name_or_function: Any, options: dict[str, Any]) -> tuple[Any, str | None]:
    name = options.get("name")
    if isinstance(name_or_function, str):
        return None, name_or_function
    return name_or_function, name


def _known(what: str, options: dict[str, Any], taken: set[str], ignored: set[str]) -> dict[str, Any]:
    """The options to pass on. Tags become metadata; what would change behaviour is refused."""
    passed = {name: value for name, value in options.items() if name in taken and value is not None}
    tags = options.get("tags")
    if tags and "meta" in taken:
        passed["meta"] = {**(passed.get("meta") or {}), "tags": sorted(tags)}
    for name, value in options.items():
        known = taken | ignored | {"name", "tags", "enabled"} | ({"timeout"} if what == "tool" else set())
        if name not in known and value:
            _unsupported(f"@mcp.{what}({name}=…)", "leave it out")
    return passed


# --- The context -----------------------------------------------------------------------------


class _Done:
    """Awaited or not, what was said is said."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_DONE = _Done()


class Context:
    """FastMCP's context, as far as it has a meaning here."""

    __slots__ = ("_own", "_state")

    def __init__(self, own: OwnContext) -> None:
        self._own = own
        self._state: dict[str, Any] = {}

    def __class_getitem__(cls, _: Any) -> type[Context]:
        return cls

    @classmethod
    def of(cls, own: OwnContext) -> Context:
        return cls(own)

    def debug(self, message: str, *_: Any, **extra: Any) -> _Done:
        return self.log("debug", message, **extra)

    def info(self, message: str, *_: Any, **extra: Any) -> _Done:
        return self.log("info", message, **extra)

    def warning(self, message: str, *_: Any, **extra: Any) -> _Done:
        return self.log("warning", message, **extra)

    def error(self, message: str, *_: Any, **extra: Any) -> _Done:
        return self.log("error", message, **extra)

    def log(self, level: str, message: str, **extra: Any) -> _Done:
        fields = dict(extra.pop("extra", None) or {})
        fields.update((name, value) for name, value in extra.items() if value is not None)
        getattr(self._own.log, level if level in ("debug", "warning", "error") else "info")(
            message, **fields
        )
        return _DONE

    def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> _Done:
        self._own.progress(progress, total, message)
        return _DONE

    @property
    def request_id(self) -> str:
        return self._own.conversation_id

    @property
    def session_id(self) -> str:
        return self._own.conversation_id

    @property
    def client_id(self) -> None:
        return None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"`Context.{name}` of FastMCP is not supported here: there are debug, info, warning,"
            " error, log, report_progress, request_id and session_id; luthier.current() has more"
        )


CONTEXT_CLASSES.add(Context)


def get_context() -> Context:
    """The context of the running call."""
    return Context(current())


def _message(role: str) -> Callable[..., dict[str, Any]]:
    def make(content: Any, role: str = role, **_: Any) -> dict[str, Any]:
        return {"role": role, "content": content}

    return make


def _tool_annotations(**hints: Any) -> dict[str, Any]:
    return {name: value for name, value in hints.items() if value is not None}


# --- Modules ---------------------------------------------------------------------------------

_SERVER = {"FastMCP": FastMCP, "Context": Context}
_ERRORS = {name: ToolError for name in ("ToolError", "ResourceError", "PromptError", "FastMCPError")}
_MESSAGES = {
    "Message": _message("user"),
    "UserMessage": _message("user"),
    "AssistantMessage": _message("assistant"),
}
_CONTENTS: dict[str, dict[str, Any]] = {
    "fastmcp": _SERVER,
    "fastmcp.exceptions": _ERRORS,
    "fastmcp.prompts": _MESSAGES,
    "fastmcp.server": _SERVER,
    "fastmcp.server.context": {"Context": Context},
    "fastmcp.server.dependencies": {"get_context": get_context},
    "mcp": {},
    "mcp.server": {},
    "mcp.server.fastmcp": _SERVER,
    "mcp.server.fastmcp.exceptions": _ERRORS,
    "mcp.server.fastmcp.prompts": {},
    "mcp.server.fastmcp.prompts.base": _MESSAGES,
    "mcp.types": {"ToolAnnotations": _tool_annotations},
}


def _make() -> dict[str, ModuleType]:
    modules: dict[str, ModuleType] = {}
    for name, contents in _CONTENTS.items():
        module = ModuleType(name, "Luthier's stand-in.")
        module.__dict__.update(contents, __path__=[])
        modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(modules[parent], last, module)
    return modules


_MODULES = _make()


def find(name: str, names: Sequence[str] | None) -> ModuleType | None:
    """What an import statement gets; None if the real package should answer."""
    module = _MODULES.get(name)
    if module is None or (names and not all(hasattr(module, part) for part in names)):
        if _is_installed(name) and name not in ("fastmcp", "mcp.server.fastmcp"):
            return None
        missing = name if module is None else ", ".join(part for part in names or () if not hasattr(module, part))
        raise ImportError(
            f"`{missing}` is not supported when Luthier serves a FastMCP module: there are"
            f" {', '.join(sorted(_CONTENTS['fastmcp']))} and ToolError (docs/guides/fastmcp.md)",
            name=name,
        )
    return module if names else _MODULES[name.partition(".")[0]]


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


__all__ = ["Context", "FastMCP", "find", "get_context"]
