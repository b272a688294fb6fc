"""Does a value match what a case expects? `tests/README.md` at the top of the repository says how."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: is_number(value) and value == int(value),
    "number": lambda value: is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def is_number(value: Any) -> bool:
    """True for `1` and `1.0`, not for `true`, which Python takes for a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Matcher:
    """Compares values with expectations; `folder` is the workspace whose files they may name."""

    def __init__(self, folder: Path) -> None:
        self._tests = folder / "tests"
        self._kinds: dict[frozenset[str], Callable[[Any, dict[str, Any], str], str | None]] = {
            frozenset({"$subset"}): self._subset,
            frozenset({"$schema"}): self._schema,
            frozenset({"$regex"}): self._regex,
            frozenset({"$near", "within"}): self._near,
            frozenset({"$set"}): self._set,
            frozenset({"$snapshot"}): self._snapshot,
            frozenset({"$equal"}): lambda found, kind, at: unequal(found, kind["$equal"], at),
        }

    def difference(self, found: Any, wanted: Any, at: str = "", is_subset: bool = False) -> str | None:
        """Where a value differs from what was expected, and how; within a subset there may be more."""
        if isinstance(wanted, dict):
            kind = self._kinds.get(frozenset(wanted))
            if kind is not None:
                return kind(found, wanted, at)
            if len(wanted) == 1 and next(iter(wanted)).startswith("$"):
                raise ValueError(f"{plain_text(wanted)} is no matcher")
            if not isinstance(found, dict) or wanted.keys() - found.keys():
                return _told(found, wanted, at)
            if not is_subset and found.keys() - wanted.keys():
                return _told(found, wanted, at)
            return self._first((found[key], wanted[key], f"{at}/{key}", is_subset) for key in wanted)
        if isinstance(wanted, list):
            if not isinstance(found, list):
                return _told(found, wanted, at)
            if is_subset:
                return self._among(found, wanted, at)
            if len(found) != len(wanted):
                return _told(found, wanted, at)
            return self._first((*pair, f"{at}/{place}") for place, pair in enumerate(zip(found, wanted)))
        return unequal(found, wanted, at)

    def score(self, value: Any, case: dict[str, Any]) -> str | None:
        """What is wrong with the score that a function gives a value."""
        path, _, name = case["expect"]["$scorer"].partition(":")
        spec = importlib.util.spec_from_file_location("scorers", self._tests.parent / path)
        assert spec is not None and spec.loader is not None, path
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        score = getattr(module, name)(case.get("args", {}), value, case)
        if not is_number(score) or not 0 <= score <= 1:
            return f"{path}:{name} gave {score!r}, which is no score from 0 to 1"
        least = case["expect"]["min"]
        return None if score >= least else f"{path}:{name} gave {score}, less than {least}, to {value!r}"

    def _first(self, parts: Any) -> str | None:
        return next((told for part in parts if (told := self.difference(*part)) is not None), None)

    def _subset(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        return self.difference(found, kind["$subset"], at, is_subset=True)

    def _among(self, found: list[Any], wanted: list[Any], at: str) -> str | None:
        """Do the wanted items stand in their order among those that were found?"""
        rest = iter(found)
        for item in wanted:
            if not any(self.difference(other, item, is_subset=True) is None for other in rest):
                return _told(found, wanted, at)
        return None

    def _set(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        if not isinstance(found, list) or len(found) != len(kind["$set"]):
            return _told(found, kind, at)
        fits = [
            [place for place, item in enumerate(found) if self.difference(item, wanted) is None]
            for wanted in kind["$set"]
        ]
        return None if _is_paired(fits) else _told(found, kind, at)

    def _regex(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        is_found = isinstance(found, str) and re.search(kind["$regex"], found)
        return None if is_found else _told(found, kind, at)

    def _near(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        is_near = is_number(found) and abs(found - kind["$near"]) <= kind["within"]
        return None if is_near else _told(found, kind, at)

    def _snapshot(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        kept = self._tests / "snapshots" / f"{kind['$snapshot']}.json"
        return unequal(found, json.loads(kept.read_text(encoding="utf-8")), at)

    def _schema(self, found: Any, kind: dict[str, Any], at: str) -> str | None:
        wrong = violation(found, kind["$schema"])
        return None if wrong is None else f"{at or 'the value'}: {wrong}"


def unequal(found: Any, wanted: Any, at: str = "") -> str | None:
    """Compares without matchers. As text, since Python takes `1` and `true` for the same."""
    if plain_text(found) == plain_text(wanted):
        return None
    return _told(found, wanted, at)


def plain_text(value: Any) -> str:
    """A value as text that is the same for `1` and `1.0`."""
    return json.dumps(plain(value), sort_keys=True, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as canonical JSON has it, where `1.0` is `1`; the host keeps states so."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def violation(found: Any, schema: Any) -> str | None:
    """How a value breaks a schema, in the keywords that cases use; any other keyword is an error."""
    for keyword, rule in schema.items():
        if not _KEYWORDS[keyword](found, rule, schema):
            return f"{found!r} breaks {keyword}: {rule!r}"
    return None


def _is_valid(found: Any, schema: Any) -> bool:
    return violation(found, schema) is None


def _is_typed(found: Any, rule: Any, _: Any) -> bool:
    return any(TYPES[name](found) for name in ([rule] if isinstance(rule, str) else rule))


_KEYWORDS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "type": _is_typed,
    "const": lambda found, rule, _: unequal(found, rule) is None,
    "enum": lambda found, rule, _: any(unequal(found, one) is None for one in rule),
    "properties": lambda found, rule, _: not isinstance(found, dict)
    or all(_is_valid(found[key], inner) for key, inner in rule.items() if key in found),
    "required": lambda found, rule, _: not isinstance(found, dict) or set(rule) <= found.keys(),
    "additionalProperties": lambda found, rule, schema: not isinstance(found, dict)
    or rule is not False or found.keys() <= schema.get("properties", {}).keys(),
    "items": lambda found, rule, _: not isinstance(found, list) or all(_is_valid(one, rule) for one in found),
    "minItems": lambda found, rule, _: not isinstance(found, list) or len(found) >= rule,
    "maxItems": lambda found, rule, _: not isinstance(found, list) or len(found) <= rule,
    "uniqueItems": lambda found, rule, _: not isinstance(found, list)
    or not rule or len(set(map(plain_text, found))) == len(found),
    "minimum": lambda found, rule, _: not is_number(found) or found >= rule,
    "maximum": lambda found, rule, _: not is_number(found) or found <= rule,
    "exclusiveMinimum": lambda found, rule, _: not is_number(found) or found > rule,
    "minLength": lambda found, rule, _: not isinstance(found, str) or len(found) >= rule,
    "maxLength": lambda found, rule, _: not isinstance(found, str) or len(found) <= rule,
    "pattern": lambda found, rule, _: not isinstance(found, str) or re.search(rule, found) is not None,
}  # fmt: skip


def _is_paired(fits: list[list[int]]) -> bool:
    """Can each wanted item have a found one to itself? Augmenting paths, as matchers may fit several."""
    owner: dict[int, int] = {}

    def place(wanted: int, tried: set[int]) -> bool:
        for found in fits[wanted]:
            if found not in tried:
                tried.add(found)
                if found not in owner or place(owner[found], tried):
                    owner[found] = wanted
                    return True
        return False

    return all(place(wanted, set()) for wanted in range(len(fits)))


def _told(found: Any, wanted: Any, at: str) -> str:
    place = f" at {at}" if at else ""
    return f"answered{place}\n  {plain_text(found)}\ninstead of\n  {plain_text(wanted)}"
