"""Reads Python values without running anything."""
# arguments: {"texts": ["{'a': [1, 2.5, None]}", "open('x')", "(1, True)"]}
# value: ["{'a': [1, 2.5, None]}", "refused", "(1, True)"]

import ast

from luthier import tool


@tool
def run(texts: list[str]) -> list[str]:
    """The values, and what is refused."""
    told = []
    for text in texts:
        try:
            told.append(repr(ast.literal_eval(text)))
        except ValueError:
            told.append("refused")
    return told
