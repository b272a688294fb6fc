"""Overloads operators."""
# value: ["8.49", true, false, true]

from __future__ import annotations

import functools

from luthier import tool


@functools.total_ordering
class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __add__(self, other: Money) -> Money:
        return Money(self.cents + other.cents)

    def __mul__(self, times: int) -> Money:
        return Money(self.cents * times)

    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    def __lt__(self, other: Money) -> bool:
        return self.cents < other.cents

    def __hash__(self) -> int:
        return hash(self.cents)

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02d}"


@tool
def run() -> list[str | bool]:
    """Sums, products and comparisons."""
    price = Money(250)
    total = sum((3 * price, Money(99)), Money(0))
    return [str(total), price < total, price >= total, max(price, total) == total]
