"""Passes texts of all scripts through."""
# arguments: {"text": "naïve 日本語 🎻 \u0000 \"quoted\" \\ end", "keys": {"ключ": "значение"}}
# value: {"text": "naïve 日本語 🎻 \u0000 \"quoted\" \\ end", "length": 28, "bytes": 38, "ключ": "значение"}

from typing import Any

from luthier import tool


@tool
def run(text: str, keys: dict[str, str]) -> dict[str, Any]:
    """The text, its length, and the keys."""
    return {"text": text, "length": len(text), "bytes": len(text.encode()), **keys}
