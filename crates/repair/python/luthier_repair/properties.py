"""What holds between what a function is given and what it gives, for all examples of it: a repair that breaks it on
other inputs is less likely meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

# So many examples must be able to break it.
SUPPORT_MIN = 3


class Example(NamedTuple):
    """A call, and what it gives; `outputs` are those of all examples of the function."""

    given: list[Any]
    gave: Any
    outputs: list[Any]


def given(arguments: Any) -> list[Any]:
    """The values of a call, by place and then by name, of `[PLACED, NAMED]` or of `NAMED` alone."""
    placed, named = arguments if isinstance(arguments, list) else ([], arguments)
    return [*placed, *named.values()]


def _first(example: Example) -> Any:
    return example.given[0] if example.given else None


def _alike(example: Example) -> bool:
    """Is it given and does it give a text, or a list?"""
    return isinstance(example.gave, (str, list)) and type(_first(example)) is type(example.gave)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _counted(value: Any) -> Counter[str]:
    return Counter(value.casefold() if isinstance(value, str) else map(repr, value))


def _same_length(example: Example) -> bool | None:
    return len(example.gave) == len(_first(example)) if _alike(example) else None


def _no_longer(example: Example) -> bool | None:
    return len(example.gave) <= len(_first(example)) if _alike(example) else None


def _no_shorter(example: Example) -> bool | None:
    return len(example.gave) >= len(_first(example)) if _alike(example) else None


def _nothing_new(example: Example) -> bool | None:
    return not _counted(example.gave) - _counted(_first(example)) if _alike(example) and example.gave else None


def _nothing_lost(example: Example) -> bool | None:
    return not _counted(_first(example)) - _counted(example.gave) if _alike(example) and _first(example) else None


def _in_order(example: Example) -> bool | None:
    gave = example.gave
    if not isinstance(gave, list) or len(gave) < 2:
        return None
    try:
        return all(one <= other for one, other in zip(gave, gave[1:]))
    except TypeError:
        return None


def _backwards(example: Example) -> bool | None:
    gave = example.gave
    return _in_order(example._replace(gave=gave[::-1])) if isinstance(gave, list) else None


def _distinct(example: Example) -> bool | None:
    gave = example.gave
    return max(_counted(gave).values()) == 1 if isinstance(gave, list) and len(gave) > 1 else None


def _not_negative(example: Example) -> bool | None:
    return bool(example.gave >= 0) if _number(example.gave) else None


def _at_most_one(example: Example) -> bool | None:
    return bool(example.gave <= 1) if isinstance(example.gave, float) else None


def _again_the_same(example: Example) -> bool | None:
    """What it gave is not changed by giving it once more."""
    if len(example.given) != 1 or not _alike(example) or _first(example) not in example.outputs:
        return None
    return bool(example.gave == _first(example))


def _of_one_type(example: Example) -> bool | None:
    return type(example.gave) in {type(output) for output in example.outputs}


PROPERTIES: list[Callable[[Example], bool | None]] = [
    _same_length,
    _no_longer,
    _no_shorter,
    _nothing_new,
    _nothing_lost,
    _in_order,
    _backwards,
    _distinct,
    _not_negative,
    _at_most_one,
    _again_the_same,
    _of_one_type,
]


class Properties:
    """Of each function those that none of its examples breaks, and that enough of them could."""

    def __init__(self, examples: list[tuple[str, list[Any], Any]]) -> None:
        self._outputs: dict[str, list[Any]] = {}
        for name, _, gave in examples:
            self._outputs.setdefault(name, []).append(gave)
        self._holding = {name: self._of(name, examples) for name in self._outputs}

    def _of(self, name: str, examples: list[tuple[str, list[Any], Any]]) -> list[Callable[[Example], bool | None]]:
        distinct = {repr(given): Example(given, gave, self._outputs[name]) for of, given, gave in examples if of == name}
        said = [(each, [each(example) for example in distinct.values()]) for each in PROPERTIES]
        return [each for each, told in said if False not in told and told.count(True) >= SUPPORT_MIN]

    def are_broken(self, name: str, given: list[Any], gave: Any) -> bool:
        example = Example(given, gave, self._outputs.get(name, []))
        return any(each(example) is False for each in self._holding.get(name, ()))
