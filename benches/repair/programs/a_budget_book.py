"""A household budget book with monthly limits and carry-over."""


class Budget:
    """Tracks spending by category within one month at a time."""

    def __init__(self, limits):
        self.limits = dict(limits)
        self.carried = {name: 0 for name in limits}
        self.spent = {name: 0 for name in limits}
        self.month = None

    def left(self, name):
        return self.limits[name] + self.carried[name] - self.spent[name]

    def roll(self, month):
        """Start a new month; at most half a limit is carried, debts fully."""
        for name, limit in self.limits.items():
            rest = self.left(name)
            self.carried[name] = min(rest, limit // 2)
            self.spent[name] = 0
        self.month = month

    def spend(self, month, name, cents):
        """Book an amount; True when it went past what was left."""
        if name not in self.limits:
            raise KeyError(name)
        if self.month is None:
            self.month = month
        elif month < self.month:
            raise ValueError("months out of order")
        elif month > self.month:
            self.roll(month)
        before = self.left(name)
        self.spent[name] += cents
        return cents > 0 and cents > before


def run_book(limits, entries):
    """Book 'YYYY-MM category cents' entries; what is left and warnings."""
    budget = Budget(limits)
    warnings = []
    for number, entry in enumerate(entries, 1):
        month, name, cents = entry.split()
        if budget.spend(month, name, int(cents)):
            warnings.append("%d: %s over by %d" % (number, name, -budget.left(name)))
    return {"left": {name: budget.left(name) for name in limits}, "warnings": warnings}
