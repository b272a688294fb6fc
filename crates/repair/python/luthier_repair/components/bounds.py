"""What components refuse, so that none takes long or grows: where one raises, it is out."""

from __future__ import annotations

from typing import Any

NUMBER_MAX = 10**15
POWER_MAX = 12
DIGITS_MAX = 15
FEW_MAX = 200


def digits(text: str, base: int = 10) -> int:
    """As a number."""
    if len(text) > DIGITS_MAX:
        raise ValueError
    return int(text, base)


def bounded(number: Any) -> Any:
    """As it is."""
    if not -NUMBER_MAX < number < NUMBER_MAX:
        raise ValueError
    return number


def whole(number: Any) -> int:
    """As it is: Python would go on with a fraction in another way."""
    if not isinstance(number, int):
        raise TypeError
    return number


def few(number: Any) -> int:
    """As it is, where there are to be so many of something."""
    if whole(number) > FEW_MAX:
        raise ValueError
    return int(number)


def power(number: Any, by: Any) -> Any:
    if abs(by) > POWER_MAX:
        raise ValueError
    return bounded(number**by)
