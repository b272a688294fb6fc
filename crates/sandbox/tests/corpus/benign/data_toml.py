"""Reads TOML."""
# arguments: {"text": "title = 'x'\n[[part]]\nid = 1\ntags = ['a', 'b']\n[[part]]\nid = 2\nmade = 2024-01-02\n"}
# value: {"title": "x", "part": [{"id": 1, "tags": ["a", "b"]}, {"id": 2, "made": "2024-01-02"}]}

import tomllib
from typing import Any

from luthier import tool


@tool
def run(text: str) -> dict[str, Any]:
    """The document as JSON."""
    return tomllib.loads(text)
