"""Writes numbers in other bases."""
# arguments: {"number": 48879, "bases": [2, 7, 16, 36]}
# value: ["1011111011101111", "262335", "beef", "11pr"]

import string

from luthier import tool

DIGITS = string.digits + string.ascii_lowercase


def written(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = DIGITS[digit] + digits
    return digits or "0"


@tool
def run(number: int, bases: list[int]) -> list[str]:
    """Each reads as the same number again."""
    texts = [written(number, base) for base in bases]
    assert all(int(text, base) == number for text, base in zip(texts, bases, strict=True))
    return texts
