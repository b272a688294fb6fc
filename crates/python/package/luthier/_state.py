"""The state document as tools see it: plain dicts and lists that refuse to be changed."""

from __future__ import annotations

import json
from typing import Any, NoReturn

_ADVICE = "the state is read-only: a Tuner changes it; work on `copy.deepcopy(…)` of it"


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError(_ADVICE)


class FrozenDict(dict[str, Any]):
    """A dict that cannot be changed, and can be a key or an argument of a cached function."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def copy(self) -> dict[str, Any]:
        return dict(self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {key: thaw(value) for key, value in self.items()}

    def __reduce__(self) -> Any:
        return (dict, (self.__deepcopy__({}),))


class FrozenList(list[Any]):
    """A list that cannot be changed."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def copy(self) -> list[Any]:
        return list(self)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> list[Any]:
        return [thaw(value) for value in self]

    def __reduce__(self) -> Any:
        return (list, (self.__deepcopy__({}),))


def freeze(value: Any) -> Any:
    """A read-only copy of what JSON gave."""
    if type(value) is dict:
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if type(value) is list:
        return FrozenList(map(freeze, value))
    return value


def thaw(value: Any) -> Any:
    """A copy that can be changed."""
    if isinstance(value, FrozenDict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, FrozenList):
        return [thaw(item) for item in value]
    return value


def parse(body: bytes) -> Any:
    """Reads a state document."""
    return freeze(json.loads(body))
