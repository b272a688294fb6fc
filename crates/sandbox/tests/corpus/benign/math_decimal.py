"""Computes money exactly."""
# arguments: {"prices": ["19.99", "5.01", "0.10"]}
# value: ["25.10", "4.77", "8.36667"]

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

from luthier import tool


@tool
def run(prices: list[Decimal]) -> list[Decimal]:
    """The sum, the tax on it, and a third with few digits."""
    total = sum(prices, Decimal(0))
    tax = (total * Decimal("0.19")).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
    with localcontext() as context:
        context.prec = 6
        return [total, tax, total / 3]
