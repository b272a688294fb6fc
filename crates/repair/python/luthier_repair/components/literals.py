"""Literals that are worth trying: what examples show more than once, and what everybody uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Between parts, in the order in which they are thought of.
SEPARATORS = (" ", ",", "-", "_", ".", "\n", "/", ":", ";", ", ", "@", "=", "|", "#", "+", "&", "'", "\t", *"?!$%")
CONSTANTS = (1, 2, 3, 4, 5, 10, 12, 24, 60, 100, 1000, 3600)
LENGTHS = (2, 3, 4, 5, 6, 8, 10)
SEPARATORS_FOUND_MAX = 3


class Literals:
    """Which separators are worth trying: those that are there at all."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        taken, given = [list(_texts(one)) for one in inputs], [list(_texts(one)) for one in outputs]
        self.taken = "\0".join(text for texts in taken for text in texts)
        self.given = "\0".join(text for texts in given for text in texts)
        self.from_inputs = [separator for separator in SEPARATORS if separator in self.taken]
        shown = [separator for separator in SEPARATORS if separator in self.given]
        self.into_outputs = [*dict.fromkeys([*shown, *self._shared(given)])]
        self.has_new_digits = any(run not in self.taken for run in re.findall(r"\d+", self.given))
        has = lambda texts, mark: any(mark in text for text in texts)  # noqa: E731
        self.everywhere = {mark for mark in self.into_outputs if all(has(texts, mark) for texts in given)}
        self.longest = max((len(text) for texts in given for text in texts), default=0)

    def _shared(self, given: list[list[str]]) -> list[str]:
        """What stands between the words of every output, and is not all of one."""
        if len({*map(tuple, given)}) < 2 or not all(given):
            return []
        runs = re.findall(r"[^A-Za-z0-9\0]+|(?<=\w) [A-Za-z]{1,4} (?=\w)", given[0][0])
        whole = {text for texts in given for text in texts}
        found = [run for run in dict.fromkeys(runs) if run not in whole and all(run in texts[0] for texts in given)]
        return found[:SEPARATORS_FOUND_MAX]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
