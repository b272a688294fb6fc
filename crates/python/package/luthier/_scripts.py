"""Functions of a version's own files that nobody serves: scorers of tests, migrations of state.

A file is executed when the first of its functions is called, in a namespace of its own; it may
`import lib` as tools do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

from ._errors import ToolError
from ._json import dump_result, loads
from ._modules import Modules

Run = Callable[[bytes, Any], bytes | Awaitable[bytes]]
Problem = Callable[[BaseException, str], dict[str, Any]]


class Scripts:
    """What can be called, as `PATH:FUNCTION`."""

    __slots__ = ("_files", "_made", "_modules", "_problem")

    def __init__(self, files: Mapping[str, bytes], modules: Modules, problem: Problem) -> None:
        self._files = files
        self._modules = modules
        self._problem = problem
        self._made: dict[str, ModuleType] = {}

    def get(self, name: str) -> Run:
        """The function, to be called with a JSON array of its arguments."""
        path, _, function = name.rpartition(":")

        def run(arguments: bytes, info: Any) -> bytes | Awaitable[bytes]:
            target = self._find(path, function)
            try:
                value = target(*loads(arguments))
            except (Exception, SystemExit) as error:
                raise self._failed(error, path) from None
            if hasattr(value, "__await__"):
                return self._wait(value, name)
            return dump_result(value, f"what `{name}` returned")

        return run

    def clear(self) -> None:
        """Forgets what was executed."""
        self._made.clear()

    async def _wait(self, value: Awaitable[Any], name: str) -> bytes:
        try:
            made = await value
        except (Exception, SystemExit) as error:
            raise self._failed(error, name.rpartition(":")[0]) from None
        return dump_result(made, f"what `{name}` returned")

    def _find(self, path: str, function: str) -> Callable[..., Any]:
        module = self._made.get(path) or self._execute(path)
        found = getattr(module, function, None)
        if not callable(found):
            raise ToolError(f"`{path}` has no function `{function}`")
        return found  # type: ignore[no-any-return]

    def _execute(self, path: str) -> ModuleType:
        if path not in self._files:
            raise ToolError(f"there is no file `{path}` in this version")
        name = path.rpartition("/")[2].removesuffix(".py")
        try:
            module = self._modules.run(path, name)
        except (Exception, SystemExit) as error:
            raise self._failed(error, path) from None
        self._made[path] = module
        return module

    def _failed(self, error: BaseException, path: str) -> ToolError:
        """What went wrong, and where: somebody else than the file's author may read it."""
        problem = self._problem(error, path)
        place = ":".join(str(problem[key]) for key in ("file", "line") if problem.get(key))
        return ToolError(f"{place}: {problem['message']}", problem)
