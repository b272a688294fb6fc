"""Set headlines in title case by a house style."""

SMALL = {"a", "an", "and", "as", "at", "but", "by", "for", "in", "of", "on", "or", "the", "to", "vs"}


def cap_word(word):
    """Capitalise the first letter; words with inner capitals stay as is."""
    if any(c.isupper() for c in word[1:]):
        return word
    for index, char in enumerate(word):
        if char.isalpha():
            return word[:index] + char.upper() + word[index + 1:]
    return word


def headline(text):
    """Small words stay small except first, last or after a colon."""
    words = text.split()
    shouting = text.isupper()
    result = []
    fresh = True
    for index, word in enumerate(words):
        if shouting:
            word = word.lower()
        bare = word.strip(".,:;!?\"'").lower()
        last = index == len(words) - 1
        if bare in SMALL and not fresh and not last:
            result.append(word.lower())
        elif "-" in word:
            result.append("-".join(cap_word(part) for part in word.split("-")))
        else:
            result.append(cap_word(word))
        fresh = word.endswith((":", "?", "!"))
    return " ".join(result)
