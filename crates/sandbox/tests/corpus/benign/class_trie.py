"""Completes words."""
# arguments: {"words": ["car", "card", "care", "cat", "dog"], "prefix": "car"}
# value: ["car", "card", "care"]

from __future__ import annotations

from collections.abc import Iterator

from luthier import tool


class Trie:
    def __init__(self) -> None:
        self.after: dict[str, Trie] = {}
        self.is_word = False

    def add(self, word: str) -> None:
        node = self
        for char in word:
            node = node.after.setdefault(char, Trie())
        node.is_word = True

    def words(self, prefix: str) -> Iterator[str]:
        if self.is_word:
            yield prefix
        for char in sorted(self.after):
            yield from self.after[char].words(prefix + char)

    def find(self, prefix: str) -> list[str]:
        node = self
        for char in prefix:
            if char not in node.after:
                return []
            node = node.after[char]
        return list(node.words(prefix))


@tool
def run(words: list[str], prefix: str) -> list[str]:
    """The words that begin like this."""
    trie = Trie()
    for word in words:
        trie.add(word)
    return trie.find(prefix)
