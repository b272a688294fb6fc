"""Okapi BM25 over a few documents, with a weight of its own for titles."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from lib.words import terms


@dataclass(frozen=True)
class Document:
    """A text that can be found."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Weights:
    """What a Tuner may turn."""

    k1: float
    b: float
    title: float


class Index:
    """Counts of the terms of all documents, made once."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents
        self._titles = [Counter(terms(document.title)) for document in documents]
        self._texts = [Counter(terms(document.text)) for document in documents]
        self._sizes = [counts.total() for counts in self._texts]
        self._size_mean = sum(self._sizes) / len(documents) if documents else 0.0
        self._spread = Counter(
            term
            for title, text in zip(self._titles, self._texts, strict=True)
            for term in title.keys() | text.keys()
        )

    def rank(self, query: str, weights: Weights) -> list[tuple[Document, float]]:
        """The documents that share a term with the query, best first."""
        wanted = dict.fromkeys(terms(query))
        scored = []
        for place, document in enumerate(self.documents):
            score = sum(self._score(place, term, weights) for term in wanted)
            if score > 0:
                scored.append((document, score))
        return sorted(scored, key=lambda pair: (-pair[1], pair[0].name))

    def _score(self, place: int, term: str, weights: Weights) -> float:
        count = self._texts[place][term] + weights.title * self._titles[place][term]
        if count <= 0:
            return 0.0
        total, spread = len(self.documents), self._spread[term]
        rarity = math.log(1 + (total - spread + 0.5) / (spread + 0.5))
        length = 1 - weights.b + weights.b * self._sizes[place] / max(self._size_mean, 1.0)
        return rarity * count * (weights.k1 + 1) / (count + weights.k1 * length)


def cosine(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """How alike two weighted sets of terms are, from 0 to 1."""
    shared = sum(weight * second.get(term, 0.0) for term, weight in first.items())
    if not shared:
        return 0.0
    lengths = math.sqrt(sum(w * w for w in first.values()) * sum(w * w for w in second.values()))
    return shared / lengths
