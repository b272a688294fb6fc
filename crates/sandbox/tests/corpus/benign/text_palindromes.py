"""Finds words that read the same from both ends."""
# arguments: {"words": ["Level", "noon", "python", "Racecar", ""]}
# value: ["Level", "noon", "Racecar"]

from luthier import tool


@tool
def run(words: list[str]) -> list[str]:
    """Keeps the palindromes that are not empty."""
    return [word for word in words if word and word.lower() == word.lower()[::-1]]
