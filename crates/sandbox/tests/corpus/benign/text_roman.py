"""Writes numbers as the Romans did, and reads them again."""
# arguments: {"numbers": [1, 4, 9, 14, 40, 90, 400, 1994, 3999]}
# value: {"I": 1, "IV": 4, "IX": 9, "XIV": 14, "XL": 40, "XC": 90, "CD": 400, "MCMXCIV": 1994, "MMMCMXCIX": 3999}

from luthier import tool

VALUES = {"M": 1000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90, "L": 50, "XL": 40, "X": 10, "IX": 9,
          "V": 5, "IV": 4, "I": 1}  # fmt: skip


def to_roman(number: int) -> str:
    text = ""
    for sign, value in VALUES.items():
        count, number = divmod(number, value)
        text += sign * count
    return text


def from_roman(text: str) -> int:
    digits = [VALUES[sign] for sign in text]
    return sum(-one if one < after else one for one, after in zip(digits, [*digits[1:], 0], strict=True))


@tool
def run(numbers: list[int]) -> dict[str, int]:
    """Each in Roman, with what that reads as."""
    return {roman: from_roman(roman) for roman in map(to_roman, numbers)}
