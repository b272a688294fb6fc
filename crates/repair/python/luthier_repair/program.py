"""The program that is repaired: its module in memory, and texts of its parts put in place of one another."""

from __future__ import annotations

import __future__

import builtins
import copy
import functools
import importlib
import importlib.machinery
import inspect
import json
import os
import sys
import types
from typing import Any

from . import steps

# Larger values of a module are taken for tables that nobody changes.
KEPT_ITEMS_MAX = 2_000
# The part that is no code: the document that tools find as state.
STATE = "#state"
FLAGS = __future__.annotations.compiler_flag


class Invalid(Exception):
    """A text that cannot be put in place."""


def override(path: str, text: str) -> None:
    """Has whatever imports the file `path` from now on see `text` instead, whatever is on disk."""
    path = os.path.realpath(path)
    own = importlib.machinery.SourceFileLoader.get_code
    # What the module does while it is imported counts steps before anybody could put the name into it.
    setattr(builtins, steps.NAME, steps.step)

    def get_code(self: Any, name: str) -> Any:
        if os.path.realpath(self.path) == path:
            return compile(text, self.path, "exec", dont_inherit=True)
        return own(self, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]


def count_steps() -> None:
    """Whatever is loaded from now on can count its steps."""
    setattr(builtins, steps.NAME, steps.step)


def find_exactly(path: str) -> types.ModuleType | None:
    """The module that says that it is the file `path`, which may be none on a disk."""
    modules = (module for module in list(sys.modules.values()) if isinstance(module, types.ModuleType))
    return next((module for module in modules if module.__dict__.get("__file__") == path), None)


def load(name: str, path: str, text: str) -> types.ModuleType:
    """Runs the text as the module `name`."""
    parent = name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = parent
    sys.modules[name] = module
    exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
    return module


def find(path: str) -> types.ModuleType | None:
    """The module that was imported from the file `path`."""
    path = os.path.realpath(path)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.realpath(file) == path and isinstance(module, types.ModuleType):
            return module
    return None


class Program:
    """One module, and how to change parts of it and to change them back."""

    def __init__(self, modules: dict[str, types.ModuleType]) -> None:
        self.modules = modules
        # What tools find as state, where there are tools.
        self.state: Any = None
        self._undo: list[Any] = []
        self._kept: list[tuple[Any, Any]] = []
        self._caches: list[Any] = []
        for module in modules.values():
            self._keep(module)

    def _keep(self, module: types.ModuleType) -> None:
        """What a candidate may change and the next one has to find as it was."""
        for name, value in list(module.__dict__.items()):
            is_own = not (name.startswith("__") and name.endswith("__"))
            if is_own and isinstance(value, (dict, list, set)) and len(value) <= KEPT_ITEMS_MAX:
                try:
                    self._kept.append((value, copy.deepcopy(value)))
                except Exception:
                    continue
            if hasattr(value, "cache_clear"):
                self._caches.append(value)

    def refresh(self) -> None:
        """Puts what runs have changed back to what it was."""
        for cache in self._caches:
            cache.cache_clear()
        for value, before in self._kept:
            try:
                is_same = value == before
            except Exception:
                is_same = False
            if not is_same:
                fresh = copy.deepcopy(before)
                value.clear()
                value.extend(fresh) if isinstance(value, list) else value.update(fresh)

    def put(self, path: str, unit: str, text: str) -> None:
        """Puts `text` in the place of a part: `f`, `C.f`, or of the names that a statement binds (`=` and a
        class or nothing)."""
        if unit == STATE:
            self._undo.append(functools.partial(setattr, self, "state", self.state))
            self.state = json.loads(text)
            return
        module = self.modules.get(path)
        if module is None:
            raise Invalid("its module is not loaded")
        try:
            if unit.startswith("="):
                self._put_values(module, unit[1:], text)
            else:
                self._put_function(module, unit, text)
        except Invalid:
            raise
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            raise Invalid(str(error)) from None
        except steps.OutOfSteps:
            raise Invalid("it takes too long to define") from None
        except Exception as error:
            raise Invalid(f"{type(error).__name__}: {error}") from None

    def _put_function(self, module: types.ModuleType, unit: str, text: str) -> None:
        *classes, name = unit.split(".")
        if len(classes) > 1:
            raise Invalid("it lies too deep")
        text = f"class {classes[0]}:\n{text}" if classes else text
        scratch: dict[str, Any] = {}
        steps.COUNTER.allow(10_000)
        exec(compile(text, module.__file__ or "program", "exec", FLAGS, True), module.__dict__, scratch)
        holder: Any = scratch
        target: Any = module.__dict__
        for outer in classes:
            holder, target = vars(holder[outer]), vars(target[outer])
        if name not in holder or name not in target:
            raise Invalid("it defines something else")
        old, new = function_of(target[name]), function_of(holder[name])
        if old is None or new is None:
            raise Invalid("it is no plain function")
        before = (old.__code__, old.__defaults__, old.__kwdefaults__)
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        self._undo.append(functools.partial(_restore, old, before))

    def _put_values(self, module: types.ModuleType, owner: str, text: str) -> None:
        scratch: dict[str, Any] = {}
        steps.COUNTER.allow(100_000)
        exec(compile(text, module.__file__ or "program", "exec", FLAGS, True), module.__dict__, scratch)
        for name, value in scratch.items():
            if owner:
                cls = module.__dict__[owner]
                if name in vars(cls):
                    self._undo.append(functools.partial(setattr, cls, name, vars(cls)[name]))
                setattr(cls, name, value)
            elif name in module.__dict__:
                old = module.__dict__[name]
                for other in _importers(name, old):
                    self._undo.append(functools.partial(other.__setitem__, name, old))
                    other[name] = value

    def restore(self) -> None:
        while self._undo:
            self._undo.pop()()
        self.refresh()


def _importers(name: str, value: Any) -> list[dict[str, Any]]:
    """The modules that have the value under its name."""
    found = []
    for module in list(sys.modules.values()):
        inside = getattr(module, "__dict__", None)
        if isinstance(inside, dict) and inside.get(name, _importers) is value:
            found.append(inside)
    return found


def _restore(function: Any, before: tuple[Any, Any, Any]) -> None:
    function.__code__, function.__defaults__, function.__kwdefaults__ = before


def function_of(value: Any) -> Any:
    """The function below whatever is wrapped around it."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, functools.cached_property):
        value = value.func
    value = inspect.unwrap(value) if callable(value) else value
    return value if isinstance(value, types.FunctionType) else None
