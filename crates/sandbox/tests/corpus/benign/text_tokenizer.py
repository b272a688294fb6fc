"""Splits an expression into tokens."""
# arguments: {"text": "x1 = 3.5*(y + 42)"}
# value: [{"kind": "name", "text": "x1"}, {"kind": "sign", "text": "="}, {"kind": "number", "text": "3.5"}, {"kind": "sign", "text": "*"}, {"kind": "sign", "text": "("}, {"kind": "name", "text": "y"}, {"kind": "sign", "text": "+"}, {"kind": "number", "text": "42"}, {"kind": "sign", "text": ")"}]

import re
from typing import NamedTuple

from luthier import tool

TOKENS = re.compile(r"(?P<number>\d+(\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[-+*/=()])|(?P<space>\s+)")


class Token(NamedTuple):
    kind: str
    text: str


@tool
def run(text: str) -> list[Token]:
    """Tokens, less white space."""
    found = (Token(str(match.lastgroup), match[0]) for match in TOKENS.finditer(text))
    return [token for token in found if token.kind != "space"]
