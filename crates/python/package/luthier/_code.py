"""One version of the code, loaded: what it serves, and how to call each of it."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from . import _coverage, _declare, _serve, _traceback
from ._context import Assets
from ._declare import Declaration
from ._errors import DeclarationError
from ._function import Fault
from ._json import dump_result
from ._modules import Modules
from ._scripts import Scripts

MODULE_FOLDER = "tools/runner"

Run = Callable[[bytes, Any], bytes | Awaitable[bytes]]


class LoadFailed(Exception):
    """Why a version cannot be served: `problem` has file, line, column, message and traceback."""

    def __init__(self, problem: dict[str, Any]) -> None:
        place = ":".join(str(problem[key]) for key in ("file", "line", "column") if problem.get(key))
        super().__init__(f"{place}: {problem['message']}" if place else problem["message"])
        self.problem = problem


class Code:
    """A loaded version."""

    __slots__ = ("_assets", "_files", "_manifest", "_modules", "_scripts", "_served", "label", "runs")

    def __init__(self, label: str, code: str, files: Mapping[str, bytes], folder: str) -> None:
        self.label = label
        self._files = files
        self._assets = Assets(files)
        self._modules = Modules(code, files)
        self._served: dict[str, dict[str, Run]] = {
            "tool": {}, "resource": {}, "prompt": {}, "completion": {},
        }  # fmt: skip
        self._scripts = Scripts(files, self._modules, _problem)
        self.runs: dict[str, Mapping[str, Run] | Scripts] = {
            **self._served,
            "script": self._scripts,
            "about": {"lines": lambda arguments, info: dump_result(_coverage.executable(files))},
        }
        try:
            self._manifest = self._load(folder)
        except BaseException:
            self.close()
            raise

    def manifest(self) -> bytes:
        """What this version serves, as JSON."""
        return self._manifest

    def close(self) -> None:
        """Forgets the version; to be called when its last call has ended."""
        for runs in self._served.values():
            runs.clear()
        self._scripts.clear()
        self._modules.close()

    # --- Loading ---

    def _load(self, folder: str) -> bytes:
        declared: list[Declaration] = []
        token = _declare.collecting.set(declared)
        try:
            for path in sorted(self._files):
                parent, _, name = path.rpartition("/")
                if parent == folder and name.endswith(".py") and name != "__init__.py":
                    self._run(path, name.removesuffix(".py"))
        finally:
            _declare.collecting.reset(token)
        manifest: dict[str, list[Any]] = {
            "tools": [], "resources": [], "prompts": [], "completions": [], "warnings": [],
        }  # fmt: skip
        places: dict[tuple[str, str], Declaration] = {}
        for declaration in declared:
            self._add(declaration, places, manifest)
        return json.dumps(manifest, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    def _run(self, path: str, name: str) -> None:
        try:
            self._modules.run(path, name)
        except DeclarationError as error:
            place = {"file": path, **_traceback.place(error)}
            if error.file is not None:
                place = {"file": error.file, "line": error.line}
            raise LoadFailed({"line": None, **place, "message": error.message, "traceback": ""}) from None
        except BaseException as error:
            # Also an exit, and the interrupt of a module that takes too long to load.
            raise LoadFailed(_problem(error, path)) from None

    def _add(
        self,
        declaration: Declaration,
        places: dict[tuple[str, str], Declaration],
        manifest: dict[str, list[Any]],
    ) -> None:
        kind = declaration.kind
        try:
            entry, run = _serve.BUILD[kind](declaration, self._assets, manifest)
        except Fault as fault:
            raise LoadFailed(self._fault(declaration, fault)) from None
        key = str(entry.pop("key"))
        other = places.setdefault((kind, key), declaration)
        if other is not declaration:
            raise LoadFailed(
                {
                    "file": declaration.file,
                    "line": declaration.line,
                    "message": f"the {kind} `{key}` is defined twice: here and at {other.file}:{other.line}."
                    " Rename one of them",
                    "traceback": "",
                }
            )
        self._served[kind][key] = run
        manifest[f"{kind}s"].append(entry)

    def _fault(self, declaration: Declaration, fault: Fault) -> dict[str, Any]:
        problem: dict[str, Any] = {
            "file": declaration.file,
            "line": declaration.line,
            "message": f"the {declaration.kind} `{declaration.name}` cannot be served: {fault.message}",
            "traceback": "",
        }
        problem.update(self._parameter_place(declaration, fault.parameter))
        return problem

    def _parameter_place(self, declaration: Declaration, parameter: str | None) -> dict[str, int]:
        body = self._files.get(declaration.file)
        if body is None or parameter is None:
            return {}
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno, *(outer.lineno for outer in node.decorator_list)])
                if first == declaration.line:
                    return _argument_place(node, parameter)
        return {}


def _argument_place(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> dict[str, int]:
    if name == "return":
        if node.returns is None:
            return {}
        return {"line": node.returns.lineno, "column": node.returns.col_offset + 1}
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in every:
        if argument is not None and argument.arg == name:
            return {"line": argument.lineno, "column": argument.col_offset + 1}
    return {}


def _problem(error: BaseException, path: str) -> dict[str, Any]:
    problem: dict[str, Any] = {"file": path, "line": None}
    problem.update(_traceback.place(error))
    words = error.msg if isinstance(error, SyntaxError) else _words(error)
    problem["message"] = f"{type(error).__name__}: {words}" if words else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and not (error.name or "lib").startswith("lib"):
        problem["message"] += ": add it to tools/requirements.txt, or use the standard library"
    problem["traceback"] = _traceback.format_exception(error)
    return problem


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "its text cannot be shown"


def load(label: str, code: str, files: Mapping[str, bytes], paths: Sequence[str], folder: str) -> Code:
    """Executes the modules of a version and reads what they declare."""
    for path in reversed(paths):
        if path not in sys.path:
            sys.path.insert(0, path)
    return Code(label, code, dict(files), folder)
