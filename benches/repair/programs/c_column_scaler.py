"""Scale the columns of small tables, learning the numbers from training rows."""

import math


class Scaler:
    def __init__(self, method):
        if method not in ("range", "standard", "robust"):
            raise ValueError("unknown method " + method)
        self.method = method
        self.columns = []

    def learn(self, rows):
        """Store (centre, spread) of each column; None cells are left out."""
        for column in zip(*rows):
            values = sorted(value for value in column if value is not None)
            if not values:
                self.columns.append((0, 1))
                continue
            if self.method == "range":
                centre, spread = values[0], values[-1] - values[0]
            elif self.method == "standard":
                centre = sum(values) / len(values)
                variance = sum((v - centre) ** 2 for v in values) / len(values)
                spread = math.sqrt(variance)
            else:
                centre = self.quantile(values, 0.5)
                spread = self.quantile(values, 0.75) - self.quantile(values, 0.25)
            self.columns.append((centre, spread or 1))

    @staticmethod
    def quantile(values, share):
        position = share * (len(values) - 1)
        low = math.floor(position)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (position - low)

    def apply(self, row):
        """Scale one row; an empty cell becomes 0."""
        return [
            0 if value is None else (value - centre) / spread
            for value, (centre, spread) in zip(row, self.columns)
        ]


def scale(rows, new_rows, method="range"):
    """Learn from rows, return new_rows scaled and rounded to four digits."""
    scaler = Scaler(method)
    scaler.learn(rows)
    return [[round(value, 4) for value in scaler.apply(row)] for row in new_rows]
