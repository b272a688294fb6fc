"""Shifts letters, and back."""
# arguments: {"text": "Hello, World", "by": 3}
# value: ["Khoor, Zruog", "Hello, World"]

import string

from luthier import tool


def shifted(text: str, by: int) -> str:
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    table = str.maketrans(lower + upper, lower[by:] + lower[:by] + upper[by:] + upper[:by])
    return text.translate(table)


@tool
def run(text: str, by: int) -> list[str]:
    """The text shifted, and that shifted back."""
    secret = shifted(text, by)
    return [secret, shifted(secret, 26 - by)]
