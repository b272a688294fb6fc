"""Association rules: what goes together more often than chance would have it.

Eclat: each item is a whole number with a bit for each transaction, so that how often some items occur together is
one `&` and one count of bits. The search goes deeper only where an itemset is frequent.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import ceil
from typing import Any

RULES_MAX = 2000
# Frequent itemsets that are kept while rules are made of them.
ITEMSETS_MAX = 200_000
DIGITS = 6
# What is just frequent or sure enough must not be lost by the rounding of a product.
ROUNDING = 1e-9

State = list[dict[str, Any]]


class TooMany(ValueError):
    """What was asked for gives more than anybody could use."""


def update(state: State, feedback: Mapping[str, Any]) -> State:
    """The rules of these transactions; what was known before gives way."""
    return mine(
        feedback["transactions"], feedback["min_support"], feedback["min_confidence"], feedback["max_length"]
    )


def mine(
    transactions: Sequence[Iterable[str]], min_support: float, min_confidence: float, max_length: int
) -> State:
    """Rules with at most `max_length` items, both sides counted; the best ones first."""
    total = len(transactions)
    bits: dict[str, int] = {}
    for at, transaction in enumerate(transactions):
        mark = 1 << at
        for item in set(transaction):
            bits[item] = bits.get(item, 0) | mark
    least = max(1, ceil(min_support * total - ROUNDING))
    counts = _frequent(bits, least, max_length)
    found: list[tuple[float, float, float, tuple[str, ...], tuple[str, ...]]] = []
    for items, count in counts.items():
        for size in range(1, len(items)):
            for left in combinations(items, size):
                if count < min_confidence * counts[left] - ROUNDING:
                    continue
                right = tuple(item for item in items if item not in left)
                confidence = count / counts[left]
                found.append((-confidence, -confidence * total / counts[right], -count / total, left, right))
        if len(found) > RULES_MAX:
            raise TooMany(
                f"more than {RULES_MAX} rules hold: raise `min_support` or `min_confidence`, or lower `max_length`"
            )
    return [
        {
            "if": list(left),
            "then": list(right),
            "support": round(-support, DIGITS),
            "confidence": round(-confidence, DIGITS),
            "lift": round(-lift, DIGITS),
        }
        for confidence, lift, support, left, right in sorted(found)
    ]


def _frequent(bits: Mapping[str, int], least: int, max_length: int) -> dict[tuple[str, ...], int]:
    """How often each frequent itemset occurs; items in their order."""
    single = sorted((item, mask) for item, mask in bits.items() if mask.bit_count() >= least)
    counts: dict[tuple[str, ...], int] = {(item,): mask.bit_count() for item, mask in single}
    waiting: list[tuple[tuple[str, ...], list[tuple[str, int]]]] = [((), single)]
    while waiting:
        prefix, siblings = waiting.pop()
        for at, (item, mask) in enumerate(siblings):
            items = (*prefix, item)
            longer: list[tuple[str, int]] = []
            for other, there in siblings[at + 1 :]:
                both = mask & there
                count = both.bit_count()
                if count >= least:
                    counts[*items, other] = count
                    longer.append((other, both))
            if len(counts) > ITEMSETS_MAX:
                raise TooMany(f"more than {ITEMSETS_MAX} itemsets are frequent: raise `min_support`")
            if len(longer) > 1 and len(items) + 2 <= max_length:
                waiting.append((items, longer))
    return counts
