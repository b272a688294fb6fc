"""The program that is repaired: its module in memory, and texts of its parts put in place of one another."""

from __future__ import annotations

import __future__

import builtins
import contextlib
import copy
import dataclasses
import functools
import importlib
import importlib.machinery
import importlib.util
import inspect
import json
import operator
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
# What Python itself binds beside a name with an annotation.
ANNOTATIONS = frozenset({"__annotations__", "__annotate__", "__conditional_annotations__"})


class Invalid(Exception):
    """A text that cannot be put in place."""


class LoadingTooLong(BaseException):
    """Raised by the clock while the program is imported."""


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


def load(name: str, path: str, text: str | None) -> types.ModuleType:
    """The file `path` as the module `name`, with another text where there is one."""
    if text is not None:
        override(path, text)
    parent, _, own = name.rpartition(".")
    package = importlib.import_module(parent) if parent else None
    module = sys.modules.get(name)
    # Its package may have imported it.
    if module is not None and _is_from(module, os.path.realpath(path)):
        return module
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    if package is not None:
        setattr(package, own, module)
    return module


def find(path: str) -> types.ModuleType | None:
    """The module that was imported from the file `path`."""
    path = os.path.realpath(path)
    return next((module for module in list(sys.modules.values()) if _is_from(module, path)), None)


def _is_from(module: Any, path: str) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and os.path.realpath(file) == path and isinstance(module, types.ModuleType)


class _Bindings:
    """The names of a module or of a class, and what is bound to them."""

    __slots__ = ("_bound", "_holder", "_names", "_values")

    def __init__(self, holder: types.ModuleType | type) -> None:
        self._holder = holder
        self._names: Any = holder.__dict__
        self.take()

    def take(self) -> None:
        self._bound = dict(self._names)
        self._values = list(self._bound.values())

    def put_back(self) -> None:
        names, values = self._names, self._values
        # This runs behind each test, and finds nothing behind most.
        if len(names) == len(values) and all(map(operator.is_, names.values(), values)):
            return
        for name in list(names):
            # What Python itself notes there, such as warnings that were given, stays.
            if name not in self._bound and not (name.startswith("__") and name.endswith("__")):
                self._set(name)
        for name, value in self._bound.items():
            if names.get(name, self) is not value:
                self._set(name, value)
        self.take()

    def _set(self, name: str, *value: Any) -> None:
        with contextlib.suppress(AttributeError, TypeError):
            if isinstance(self._holder, type):
                # Whatever its own class has to say of that.
                type.__setattr__(self._holder, name, *value) if value else type.__delattr__(self._holder, name)
            elif value:
                self._names[name] = value[0]
            else:
                del self._names[name]


class Program:
    """One module, and how to change parts of it and to change them back."""

    def __init__(self, modules: dict[str, types.ModuleType]) -> None:
        self.modules = modules
        # What tools find as state, where there are tools.
        self.state: Any = None
        self._undo: list[Any] = []
        self._kept: list[tuple[Any, Any]] = []
        self._caches: list[Any] = []
        self._bindings: list[_Bindings] = []
        for module in modules.values():
            self._keep(module)
            for value in list(module.__dict__.values()):
                if isinstance(value, type) and value.__module__ == module.__name__:
                    self._keep(value)

    def _keep(self, holder: types.ModuleType | type) -> None:
        """What a candidate may change and the next one has to find as it was."""
        self._bindings.append(_Bindings(holder))
        for name, value in list(holder.__dict__.items()):
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
        for bindings in self._bindings:
            bindings.put_back()
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
            if name in ANNOTATIONS:
                continue
            if owner:
                self._put_attribute(module.__dict__[owner], name, value)
            elif name in module.__dict__:
                old = module.__dict__[name]
                for other in _importers(name, old):
                    self._undo.append(functools.partial(other.__setitem__, name, old))
                    other[name] = value
        self._take_bindings()

    def _put_attribute(self, cls: Any, name: str, value: Any) -> None:
        made = _init_with(cls, name, value)
        if made is not None:
            self._bind(cls, "__init__", made)
        if isinstance(value, dataclasses.Field):
            value = value.default
        is_slot = isinstance(vars(cls).get(name), types.MemberDescriptorType)
        if value is not dataclasses.MISSING and not is_slot:
            self._bind(cls, name, value)

    def _bind(self, cls: Any, name: str, value: Any) -> None:
        before = vars(cls)
        undo = functools.partial(delattr, cls, name)
        if name in before:
            undo = functools.partial(setattr, cls, name, before[name])
        setattr(cls, name, value)
        self._undo.append(undo)

    def _take_bindings(self) -> None:
        for bindings in self._bindings:
            bindings.take()

    def restore(self) -> None:
        # What a run has bound is not to be taken for what was there.
        self.refresh()
        if self._undo:
            while self._undo:
                self._undo.pop()()
            self._take_bindings()


def _importers(name: str, value: Any) -> list[dict[str, Any]]:
    """The modules that have the value under its name."""
    found = []
    for module in list(sys.modules.values()):
        inside = getattr(module, "__dict__", None)
        if isinstance(inside, dict) and inside.get(name, _importers) is value:
            found.append(inside)
    return found


def _init_with(cls: Any, name: str, value: Any) -> Any:
    """What a dataclass is made by, where a field has another default: it has the old one inside."""
    own = vars(cls)
    known = own.get("__dataclass_fields__", {})
    if name not in known or "__init__" not in own or not own["__dataclass_params__"].init:
        return None
    fields: list[Any] = []
    for field in known.values():
        source: Any = field
        if field.name == name:
            is_field = isinstance(value, dataclasses.Field)
            source = value if is_field else dataclasses.field(default=value, init=field.init)
        kind = getattr(field._field_type, "name", "")
        if kind == "_FIELD_CLASSVAR":
            continue
        keywords = {key: getattr(source, key) for key in ("default", "default_factory", "init")}
        if getattr(field, "kw_only", False):
            keywords["kw_only"] = True
        annotation = dataclasses.InitVar[object] if kind == "_FIELD_INITVAR" else object
        fields.append((field.name, annotation, dataclasses.field(**keywords)))
    behind = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    frozen = own["__dataclass_params__"].frozen
    return vars(dataclasses.make_dataclass(cls.__name__, fields, namespace=behind, frozen=frozen))["__init__"]


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
