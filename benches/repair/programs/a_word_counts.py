"""Count the words of a text and report the most frequent ones."""
import re

STOP = {"a", "an", "and", "of", "the", "to", "in"}


def count_words(text, keep_stop=False):
    """Dict of lower-case word -> count; apostrophes stay in a word."""
    counts = {}
    for word in re.findall(r"[a-z]+(?:'[a-z]+)*", text.lower()):
        if word in STOP and not keep_stop:
            continue
        if word.endswith("'s"):
            word = word[:-2]
        counts[word] = counts.get(word, 0) + 1
    return counts


def top_words(text, limit):
    """Up to `limit` [word, count] pairs; those tied with the last also come."""
    if limit <= 0:
        return []
    pairs = sorted(count_words(text).items(), key=lambda p: (-p[1], p[0]))
    if len(pairs) <= limit:
        return [list(pair) for pair in pairs]
    floor = pairs[limit - 1][1]
    if floor == 1:
        return [list(pair) for pair in pairs[:limit]]
    return [[word, count] for word, count in pairs if count >= floor]
