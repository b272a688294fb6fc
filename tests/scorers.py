"""Scorers: how good an answer is, from 0 to 1, where more than one answer would do.

A case names one as `{"$scorer": "tests/scorers.py:covers_topics", "min": 0.6}`. What a good answer is about
stands in the tags of the case: `page:on-call`, `about:deploy`.
"""

import re
from collections import Counter
from typing import Any

TOPICS = 6
_WORD_CHARS_MIN = 5


def covers_topics(args: dict[str, Any], value: list[str], case: dict[str, Any]) -> float:
    """How many of a text's most frequent long words its summary has; none if it made sentences up."""
    text = " ".join(args["text"].split())
    place = 0
    for sentence in value:
        place = text.find(sentence, place)
        if place < 0:
            return 0.0
        place += len(sentence)
    topics = [word for word, _ in _long_words(text).most_common(TOPICS)]
    kept = _long_words(" ".join(value))
    return sum(word in kept for word in topics) / len(topics) if topics else 1.0


def reciprocal_rank(args: dict[str, Any], value: list[dict[str, Any]], case: dict[str, Any]) -> float:
    """One through the place of the first page that a tag names: 1 for the first, a half for the second."""
    wanted = _tagged(case, "page:")
    ranks = (rank for rank, hit in enumerate(value, start=1) if hit["document"] in wanted)
    return 1 / next(ranks, float("inf"))


def names_what_it_is_about(args: dict[str, Any], value: Any, case: dict[str, Any]) -> float:
    """How many of the words in the tags are among the keywords."""
    found = value["keywords"] if isinstance(value, dict) else [keyword["word"] for keyword in value]
    wanted = _tagged(case, "about:")
    return sum(any(word.startswith(about) for word in found) for about in wanted) / len(wanted)


def _tagged(case: dict[str, Any], prefix: str) -> list[str]:
    return [tag.removeprefix(prefix) for tag in case["tags"] if tag.startswith(prefix)]


def _long_words(text: str) -> Counter[str]:
    """Words long enough to mean something, in the order of the text, so that ties keep it."""
    found = re.findall(r"[a-z]+", text.lower())
    return Counter(word for word in found if len(word) >= _WORD_CHARS_MIN)
