"""Titles for addresses."""

import re
import unicodedata
from typing import Annotated

from luthier import Field, tool

# Where a slug stops if nobody says otherwise.
CHARS_MAX = 80
# Letters that do not fall apart into a plain one and its accent.
_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "þ": "th", "ı": "i"}
)


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def slugify(title: str, chars_max: Annotated[int, Field(ge=1, le=500)] = CHARS_MAX) -> str:
    """Makes a title fit for a URL: lower case, no accents, whole words joined by hyphens.

    Args:
        title: any text
        chars_max: how long the slug may be
    """
    bare = re.sub("['’]", "", title).lower().translate(_PLAIN)
    ascii_only = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode()
    made = ""
    for word in re.findall(r"[a-z0-9]+", ascii_only):
        longer = f"{made}-{word}" if made else word
        if len(longer) > chars_max:
            return made or word[:chars_max]
        made = longer
    return made
