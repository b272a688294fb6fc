"""How long a text is."""

import re
from typing import TypedDict

from luthier import tool

# Letters and digits, with what joins them inside a word: don't, well-known, 3.14.
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")


class Counts(TypedDict):
    words: int
    characters: int
    lines: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def count_words(text: str) -> Counts:
    """Counts the words, characters and lines of a text.

    Args:
        text: any text; `don't` and `well-known` are one word each
    """
    return {"words": len(_WORD.findall(text)), "characters": len(text), "lines": len(text.splitlines())}
