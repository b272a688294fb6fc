"""Term counts and cosine similarity for a small note finder."""

import math
import re

STOP = {"the", "a", "an", "and", "of", "to", "in"}


class NoteIndex:
    def __init__(self):
        self.notes = {}

    def add(self, name, text):
        self.notes[name] = term_counts(text)

    def weights(self, counts):
        """Multiply counts with the rarity of each term among the notes."""
        total = len(self.notes)
        weighted = {}
        for term, count in counts.items():
            holders = sum(term in note for note in self.notes.values())
            if holders:
                weighted[term] = count * (1 + math.log(total / holders))
        return weighted

    def find(self, query, limit):
        wanted = self.weights(term_counts(query))
        hits = []
        for name, counts in self.notes.items():
            score = cosine(wanted, self.weights(counts))
            if score > 0:
                hits.append((-round(score, 6), name))
        return [name for _, name in sorted(hits)[:limit]]


def term_counts(text):
    """Count words without stop words; a plural s is cut from longer words."""
    counts = {}
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        if word in STOP:
            continue
        if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
            word = word[:-1]
        counts[word] = counts.get(word, 0) + 1
    return counts


def cosine(left, right):
    """Cosine of two {term: weight} vectors, 0.0 if one is empty."""
    dot = sum(weight * right[term] for term, weight in left.items() if term in right)
    norms = [math.sqrt(sum(w * w for w in vector.values())) for vector in (left, right)]
    return dot / (norms[0] * norms[1]) if all(norms) else 0.0


def search(notes, query, limit=3):
    """Names of the notes that fit the query best, best first."""
    index = NoteIndex()
    for name, text in notes.items():
        index.add(name, text)
    return index.find(query, limit)
