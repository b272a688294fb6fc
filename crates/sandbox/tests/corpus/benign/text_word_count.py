"""Counts words, whatever their case."""
# arguments: {"text": "The cat and the hat and the bat"}
# value: {"the": 3, "and": 2, "bat": 1, "cat": 1, "hat": 1}

import re
from collections import Counter

from luthier import tool


@tool
def run(text: str) -> dict[str, int]:
    """Counts the words of a text, most frequent first."""
    counts = Counter(re.findall(r"\w+", text.lower()))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
