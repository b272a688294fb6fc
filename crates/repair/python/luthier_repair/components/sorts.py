"""Kinds of values, by name: what components take and give."""

from __future__ import annotations

TEXT, NUMBER, BOOL = "str", "number", "bool"
TEXTS, NUMBERS, BOOLS = "list[str]", "list[number]", "list[bool]"
ROWS, GRID = "list[list[str]]", "list[list[number]]"
# A text and a number, as a list of two.
PAIR, PAIRS = "pair", "list[pair]"
COUNTS, MAPPING = "dict[str, number]", "dict[str, str]"
RECORD, RECORDS = "record", "list[record]"
LIST_OF = {TEXT: TEXTS, NUMBER: NUMBERS, BOOL: BOOLS, TEXTS: ROWS, NUMBERS: GRID, PAIR: PAIRS, RECORD: RECORDS}
TYPES = {*LIST_OF, *LIST_OF.values(), COUNTS, MAPPING}
# What is shut out where neither end has any.
OF_TEXTS = {TEXT, TEXTS, ROWS}
OF_NUMBERS = {NUMBER, NUMBERS, GRID, COUNTS, BOOLS}
