"""Confusion counts and scores for small classification results."""


class Confusion:
    def __init__(self):
        self.counts = {}

    def add(self, truth, guess):
        self.counts[truth, guess] = self.counts.get((truth, guess), 0) + 1

    def labels(self):
        return sorted({label for pair in self.counts for label in pair})

    def table(self):
        """Rows are the true labels, columns the guessed ones."""
        names = self.labels()
        return [[self.counts.get((t, g), 0) for g in names] for t in names]

    def scores(self, label, beta=1.0):
        """Return (precision, recall, F score) for one label."""
        hit = self.counts.get((label, label), 0)
        guessed = sum(n for (_, g), n in self.counts.items() if g == label)
        actual = sum(n for (t, _), n in self.counts.items() if t == label)
        precision = hit / guessed if guessed else 0.0
        recall = hit / actual if actual else 0.0
        if hit == 0:
            return precision, recall, 0.0
        square = beta * beta
        f_score = (1 + square) * precision * recall / (square * precision + recall)
        return precision, recall, f_score


def evaluate(truths, guesses, beta=1.0):
    """Compare two lists of labels; None as a guess means no answer was given."""
    if len(truths) != len(guesses):
        raise ValueError("lists differ in length")
    confusion = Confusion()
    silent = 0
    for truth, guess in zip(truths, guesses):
        if guess is None:
            silent += 1
        else:
            confusion.add(truth, guess)
    rows = {name: confusion.scores(name, beta) for name in confusion.labels()}
    macro = sum(row[2] for row in rows.values()) / len(rows) if rows else 0.0
    return {"table": confusion.table(), "rows": rows, "macro": macro, "silent": silent}
