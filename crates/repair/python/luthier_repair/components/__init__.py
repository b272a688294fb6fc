"""What expressions are put together of."""

from __future__ import annotations

from ..expressions import Component
from . import dicts, each, lists, numbers, patterns, several, texts
from .literals import Literals


def library(literals: Literals, keys: list[tuple[str, str, str]]) -> list[Component]:
    """All components, the likelier ones first. `keys` are those that every record of a kind has."""
    plain = [
        *texts.texts_to_texts(literals),
        *patterns.replacing(literals),
        *texts.texts_to_lists(literals),
        *patterns.finding(literals),
        *texts.texts_to_numbers(literals),
        *texts.texts_to_tests(literals),
        *patterns.matching(),
        *numbers.numbers(),
        *numbers.numbers_to_lists(),
        *numbers.numbers_to_tests(),
        *numbers.numbers_to_texts(literals),
        *lists.lists_of_texts(literals),
        *lists.lists_of_numbers(),
        *lists.lists_of_any(),
        *lists.nested(),
        *dicts.dicts(literals),
        *dicts.values_changed(),
        *dicts.values_compared(),
        *dicts.records(keys),
        *several.two_numbers(),
        *several.two_texts(),
        *several.texts_and_numbers(),
        *several.lists_and_items(),
        *several.two_lists(literals),
        *several.tests(),
    ]
    return [*plain, *each.each(plain)]
