"""Count uses of keys while remembering only the recently used ones."""

from collections import OrderedDict


class RecentCounter:
    """Holds at most limit keys; the one unused for longest is forgotten."""

    def __init__(self, limit):
        self.limit = limit
        self.counts = OrderedDict()
        self.forgotten = []

    def touch(self, key, amount=1):
        """Count the key and return its new count."""
        count = self.counts.pop(key, 0) + amount
        self.counts[key] = count
        if len(self.counts) > self.limit:
            old, total = self.counts.popitem(last=False)
            self.forgotten.append([old, total])
        return count

    def favourites(self, number):
        """Return the keys with most uses; among equals the most recent first."""
        recent = list(reversed(self.counts.items()))
        recent.sort(key=lambda pair: pair[1], reverse=True)
        return [key for key, _ in recent[:number]]


def replay(limit, uses, number=3):
    """Feed keys, or [key, amount] pairs, and report what is known at the end."""
    if limit < 1:
        raise ValueError("limit must be positive")
    counter = RecentCounter(limit)
    again = 0
    for use in uses:
        if isinstance(use, list):
            key, amount = use
        else:
            key, amount = use, 1
        if key in counter.counts:
            again += 1
        counter.touch(key, amount)
    return {
        "top": counter.favourites(number),
        "counts": dict(counter.counts),
        "forgotten": counter.forgotten,
        "again": again,
    }
