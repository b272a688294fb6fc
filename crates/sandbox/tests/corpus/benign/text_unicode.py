"""Names characters, and folds them."""
# arguments: {"text": "Å½ß"}
# value: [{"name": "LATIN CAPITAL LETTER A WITH RING ABOVE", "category": "Lu", "folded": "å", "code": 197}, {"name": "VULGAR FRACTION ONE HALF", "category": "No", "folded": "½", "code": 189}, {"name": "LATIN SMALL LETTER SHARP S", "category": "Ll", "folded": "ss", "code": 223}]

import unicodedata

from luthier import tool


@tool
def run(text: str) -> list[dict[str, str | int]]:
    """What each character is."""
    return [
        {"name": unicodedata.name(char), "category": unicodedata.category(char), "folded": char.casefold(),
         "code": ord(char)}
        for char in text
    ]  # fmt: skip
