"""Counts the ways to give change."""
# arguments: {"amount": 100, "coins": [1, 5, 10, 25, 50]}
# value: 292

from luthier import tool


@tool
def run(amount: int, coins: list[int]) -> int:
    """The number of ways."""
    ways = [1] + [0] * amount
    for coin in coins:
        for sum_ in range(coin, amount + 1):
            ways[sum_] += ways[sum_ - coin]
    return ways[amount]
