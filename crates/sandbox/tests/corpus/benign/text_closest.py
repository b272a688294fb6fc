"""Finds what somebody meant."""
# arguments: {"word": "appel", "known": ["ape", "apple", "peach", "puppy"]}
# value: ["apple", "ape"]

import difflib

from luthier import tool


@tool
def run(word: str, known: list[str]) -> list[str]:
    """The nearest words first."""
    return difflib.get_close_matches(word, known, n=3, cutoff=0.6)
