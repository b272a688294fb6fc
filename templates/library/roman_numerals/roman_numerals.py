"""Roman numerals, there and back."""

import re

from luthier import ToolError, tool

NUMBER_MAX = 3999
_VALUES = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]  # fmt: skip


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def roman_numerals(value: str) -> str:
    """Converts a number to Roman numerals, or Roman numerals to a number.

    Args:
        value: digits from 1 to 3999, or numerals in their usual form, such as `MCMXCIV`
    """
    bare = value.strip().upper()
    if re.fullmatch(r"[0-9]{1,9}", bare):
        return _roman(int(bare))
    number = _number(bare)
    if number is None or _roman(number) != bare:
        raise ToolError(f"{value!r} is neither a number nor Roman numerals in their usual form")
    return str(number)


def _roman(number: int) -> str:
    if not 1 <= number <= NUMBER_MAX:
        raise ToolError(f"{number} has no Roman numerals: 1 to {NUMBER_MAX} have")
    made = ""
    for worth, letters in _VALUES:
        count, number = divmod(number, worth)
        made += letters * count
    return made


def _number(numerals: str) -> int | None:
    """What the letters are worth, whatever their order; nothing if one is no numeral."""
    total = place = 0
    for worth, letters in _VALUES:
        while numerals.startswith(letters, place) and total <= NUMBER_MAX:
            total += worth
            place += len(letters)
    return total if 1 <= total <= NUMBER_MAX and place == len(numerals) else None
