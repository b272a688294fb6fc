"""Replaces by a function, with looks ahead and behind."""
# arguments: {"text": "price: $100, was $2500, code A100"}
# value: "price: $110, was $2750, code A100"

import re

from luthier import tool


@tool
def run(text: str) -> str:
    """Adds a tenth to every price."""
    return re.sub(r"(?<=\$)\d+(?=\b)", lambda found: str(int(found[0]) * 11 // 10), text)
