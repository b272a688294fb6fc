"""How urgent a message sounds: shared by what flags messages and by what learns from them."""

import re
from collections.abc import Mapping

# Beyond, more of the same words says nothing new.
SCORE_MAX = 20


def score(message: str, weights: Mapping[str, int]) -> tuple[int, list[str]]:
    """The weights of the words that occur, each once, and these words in the order of the message."""
    found = [word for word in dict.fromkeys(re.findall(r"[^\W_]+", message.casefold())) if word in weights]
    return min(SCORE_MAX, sum(weights[word] for word in found)), found
