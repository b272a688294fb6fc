"""Words and sentences of a text, in the plain way that needs no dictionary."""

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9À-Þ])")
# A full stop after one of these ends no sentence.
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:mrs?|ms|dr|prof|e\.g|i\.e|etc|vs|st)\.$", re.IGNORECASE)

STOPWORDS = frozenset(
    """
    a about after all also an and any are as at be been before being but by can could did do does for
    from had has have he her here his how i if in into is it its just may me more most my no not of on
    one only or other our out over she should so some such than that the their them then there these
    they this those to too under up us was we were what when where which while who why will with would
    you your
    """.split()
)

# Letters that have no accent to take away, and what stands for them elsewhere.
_SPELT = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# Longest first; what is left of a word keeps this many letters.
_ENDINGS = ("ations", "ation", "ingly", "edly", "ings", "ies", "ing", "ed", "es", "ly", "s")
_STEM_CHARS_MIN = 3


def fold(text: str) -> str:
    """Lower case without accents: `Café` becomes `cafe`."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_SPELT)


def words(text: str) -> list[str]:
    """The words as they stand."""
    return _WORD.findall(text)


def stem(word: str) -> str:
    """A folded word without its ending, so that `releases` and `released` are one."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_CHARS_MIN:
            if ending == "s" and word.endswith("ss"):
                return word
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    return word[:-1] if word.endswith("e") and len(word) > _STEM_CHARS_MIN else word


def terms(text: str) -> list[str]:
    """What a text is about: its stemmed words without those that every text has."""
    return [stem(word) for word in words(fold(text)) if word not in STOPWORDS]


def sentences(text: str) -> list[str]:
    """The sentences, white space put in order."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for part in _SENTENCE_END.split(" ".join(paragraph.split())):
            if found and _ABBREVIATION.search(found[-1]):
                found[-1] = f"{found[-1]} {part}"
            elif part:
                found.append(part)
    return found
