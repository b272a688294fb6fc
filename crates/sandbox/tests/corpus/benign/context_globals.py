"""Keeps something in the module between the calls of an instance."""
# arguments: {"amount": 5}
# value: 5
# arguments: {"amount": 7}
# value: 12

from luthier import tool

TOTAL = 0


@tool
def run(amount: int) -> int:
    """The sum so far."""
    global TOTAL
    TOTAL += amount
    return TOTAL
