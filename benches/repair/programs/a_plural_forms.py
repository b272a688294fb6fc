"""English plurals and counted phrases for messages."""

IRREGULAR = {"person": "people", "child": "children", "mouse": "mice", "foot": "feet"}
SAME = {"sheep", "series", "aircraft"}
VES = {"leaf", "shelf", "half", "knife"}


def plural(noun):
    """Plural of a lower-case noun, keeping a prefix such as 'book-'."""
    if "-" in noun:
        prefix, _, last = noun.rpartition("-")
        return prefix + "-" + plural(last)
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun in SAME:
        return noun
    if noun in VES:
        stem = noun[:-2] if noun.endswith("fe") else noun[:-1]
        return stem + "ves"
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def count_phrase(count, noun):
    """'no files', 'one file', '12 files'; words up to ten."""
    words = ["no", "one", "two", "three", "four", "five",
             "six", "seven", "eight", "nine", "ten"]
    number = words[count] if 0 <= count <= 10 else "{:,}".format(count)
    return number + " " + (noun if abs(count) == 1 else plural(noun))


def summarise(counts):
    """A sentence from noun -> count; zero counts are left out."""
    phrases = [count_phrase(n, noun) for noun, n in sorted(counts.items()) if n]
    if not phrases:
        return "Nothing."
    text = phrases[0]
    for index, phrase in enumerate(phrases[1:], 2):
        text += (" and " if index == len(phrases) else ", ") + phrase
    return text[0].upper() + text[1:] + "."
