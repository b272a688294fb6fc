"""A version's own modules: executed from source, private to the version, gone when it is retired.

`lib` means `tools/lib` of the version whose code imports it. That is decided by `__import__` in the
builtins that the version's modules see, so it also holds for imports made later, inside functions.
"""

from __future__ import annotations

import builtins
import importlib.util
import linecache
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

LIB = "lib"
_LIB_FOLDER = "tools/lib"
# Compiled sources kept, so that a release compiles only the files that it changed.
COMPILED_MAX = 128
COMPILED_BYTES_MAX = 2 << 20

_compiled: OrderedDict[tuple[str, bytes], CodeType] = OrderedDict()
_import = builtins.__import__


def compiled(path: str, source: bytes) -> CodeType:
    """The bytecode of a file."""
    key = (path, source)
    code = _compiled.get(key)
    if code is None:
        code = compile(source, path, "exec", dont_inherit=True)
        _compiled[key] = code
        while len(_compiled) > COMPILED_MAX or sum(len(body) for _, body in _compiled) > COMPILED_BYTES_MAX:
            _compiled.popitem(last=False)
    else:
        _compiled.move_to_end(key)
    return code


class Source:
    """Lets `inspect` and `linecache` find the source of a module that lies in no folder."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    @property
    def size(self) -> int:
        return len(self._body)

    def get_source(self, name: str) -> str:
        return importlib.util.decode_source(self._body)


class Modules:
    """The modules of one version."""

    def __init__(self, code: str, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._suffix = f"@{code[:12]}"
        self._lib: dict[str, ModuleType] = {}
        self._registered: list[str] = []
        self._lock = threading.RLock()
        self._builtins = {**builtins.__dict__, "__import__": self._import}
        self._folders: set[str] | None = None

    def run(self, path: str, name: str, *, package: str = "", folder: str | None = None) -> ModuleType:
        """Executes a file as a module, seen under its name only while this version lives."""
        module = self._make(path, name, package, folder)
        self._execute(module, path)
        return module

    def close(self) -> None:
        """Forgets everything, so that memory is freed at once wherever there are no cycles."""
        loggers = _loggers()
        for name in self._registered:
            module = sys.modules.pop(name, None)
            if module is not None:
                module.__dict__.clear()
            loggers.pop(name, None)
        self._registered.clear()
        self._lib.clear()
        self._builtins = {}
        for path, body in self._files.items():
            cached = linecache.cache.get(path)
            if cached is not None and path.endswith(".py") and cached[0] == len(body):
                del linecache.cache[path]

    # --- Making modules ---

    def _make(self, path: str, name: str, package: str, folder: str | None) -> ModuleType:
        registered, count = name + self._suffix, 2
        while registered in sys.modules:
            registered, count = f"{name}{self._suffix}.{count}", count + 1
        module = ModuleType(registered)
        module.__dict__["__builtins__"] = self._builtins
        module.__file__ = path
        module.__package__ = package
        if folder is not None:
            module.__path__ = [folder]
        sys.modules[registered] = module
        self._registered.append(registered)
        return module

    def _execute(self, module: ModuleType, path: str) -> None:
        body = self._files.get(path)
        if body is None:
            return  # a folder without `__init__.py`
        module.__loader__ = Source(body)  # type: ignore[assignment]
        exec(compiled(path, body), module.__dict__)

    # --- Importing ---

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        absolute = self._absolute(name, globals, level) if level else name
        head = absolute.partition(".")[0]
        if head == LIB:
            module = self._import_lib(absolute)
            if not fromlist:
                return self._lib[LIB]
            self._import_parts(absolute, module, fromlist)
            return module
        if head == "fastmcp" or head == "mcp":
            from . import _fastmcp

            stand_in = _fastmcp.find(absolute, fromlist)
            if stand_in is not None:
                return stand_in
        return _import(name, globals, locals, fromlist or (), level)

    def _absolute(self, name: str, globals: Mapping[str, Any] | None, level: int) -> str:
        package = (globals or {}).get("__package__") or ""
        if not package:
            raise ImportError(
                "modules of tools/runner are loaded each by itself and have no neighbours: put what"
                f" they share into {_LIB_FOLDER} and write `from {LIB} import …`"
            )
        parts = package.split(".")
        if level > len(parts):
            raise ImportError(f"the import goes beyond `{LIB}`, which is the outermost package")
        base = ".".join(parts[: len(parts) - level + 1])
        return f"{base}.{name}" if name else base

    def _import_lib(self, absolute: str) -> ModuleType:
        found = self._lib.get(absolute)
        if found is not None:
            return found
        with self._lock:
            parent: ModuleType | None = None
            dotted = ""
            for part in absolute.split("."):
                dotted = f"{dotted}.{part}" if dotted else part
                module = self._lib.get(dotted) or self._load_lib(dotted, parent)
                parent = module
            return module

    def _load_lib(self, dotted: str, parent: ModuleType | None) -> ModuleType:
        base = "tools/" + dotted.replace(".", "/")
        if f"{base}/__init__.py" in self._files or self._is_folder(base):
            path, package, folder = f"{base}/__init__.py", dotted, base
        elif f"{base}.py" in self._files:
            path, package, folder = f"{base}.py", dotted.rpartition(".")[0], None
        else:
            wanted = f"folder {_LIB_FOLDER}" if dotted == LIB else f"{base}.py"
            raise ModuleNotFoundError(f"there is no {wanted} in this version", name=dotted)
        module = self._make(path, dotted, package, folder)
        # Known before it runs, so that modules may import each other in a circle.
        self._lib[dotted] = module
        name = dotted.rpartition(".")[2]
        if parent is not None:
            setattr(parent, name, module)
        try:
            self._execute(module, path)
        except BaseException:
            del self._lib[dotted]
            if parent is not None and getattr(parent, name, None) is module:
                delattr(parent, name)
            raise
        return module

    def _is_folder(self, base: str) -> bool:
        if self._folders is None:
            folders: set[str] = set()
            for path in self._files:
                if path.startswith(f"{_LIB_FOLDER}/") and path.endswith(".py"):
                    while (path := path.rpartition("/")[0]) != "tools":
                        folders.add(path)
            self._folders = folders
        return base in self._folders

    def _import_parts(self, absolute: str, module: ModuleType, names: Sequence[str]) -> None:
        """`from package import module`: a name that is no attribute yet may be a module."""
        if not hasattr(module, "__path__"):
            return
        for name in names:
            if name == "*":
                self._import_parts(absolute, module, module.__dict__.get("__all__", ()))
            elif not hasattr(module, name):
                base = f"tools/{absolute.replace('.', '/')}/{name}"
                if f"{base}.py" in self._files or self._is_folder(base):
                    self._import_lib(f"{absolute}.{name}")


def _loggers() -> dict[str, Any]:
    """Loggers are kept by name for ever, and each version's modules have names of their own."""
    logging = sys.modules.get("logging")
    return {} if logging is None else logging.Logger.manager.loggerDict
