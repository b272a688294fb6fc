"""Plain text: name it, shorten it, count it, compare it."""

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Annotated

from lib.words import STOPWORDS, fold, sentences, stem, words
from luthier import Context, Field, ToolError, tool

WORDS_A_MINUTE = 230
_VOWELS = re.compile(r"[aeiouy]+")

Limit = Annotated[int, Field(ge=1, le=1000, description="how many at most")]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def slugify(
    title: str,
    separator: Annotated[str, Field(pattern="^[-_.~]?$")] = "-",
    chars_max: Annotated[int, Field(ge=1, le=500)] = 80,
) -> str:
    """Makes a title fit for a URL: lower case, no accents, whole words.

    Args:
        title: any text
        separator: what stands between the words
        chars_max: where to stop, at the end of a word if there is one
    """
    made = ""
    for word in re.findall(r"[a-z0-9]+", fold(title.replace("'", "").replace("’", ""))):
        longer = f"{made}{separator}{word}" if made else word
        if len(longer) > chars_max:
            return made or word[:chars_max]
        made = longer
    return made


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def shorten(text: str, chars_max: Annotated[int, Field(ge=1, le=100_000)], ending: str = "…") -> str:
    """Cuts a text at the end of a word, so that it and the ending fit.

    Args:
        text: white space in it becomes single spaces
        chars_max: the length of the result at most
        ending: what tells that something is missing
    """
    bare = " ".join(text.split())
    if len(bare) <= chars_max:
        return bare
    room = chars_max - len(ending)
    if room < 0:
        raise ToolError(f"the ending alone has {len(ending)} characters: allow more than {chars_max}")
    cut = bare[:room]
    if not bare[room].isspace() and " " in cut:
        cut = cut.rpartition(" ")[0]
    return cut.rstrip(" ,;:-–") + ending


@dataclass
class TextStats:
    words: int
    sentences: int
    characters: int
    words_a_sentence: float
    reading_seconds: int
    reading_ease: float


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def text_stats(text: str) -> TextStats:
    """Counts a text and says how easy it reads: Flesch, 60 to 70 is plain English, higher is easier."""
    found, parts = words(text), sentences(text)
    if not found:
        return TextStats(0, 0, len(text), 0.0, 0, 0.0)
    syllables = sum(_syllables(fold(word)) for word in found)
    a_sentence = len(found) / len(parts)
    ease = 206.835 - 1.015 * a_sentence - 84.6 * syllables / len(found)
    seconds = max(1, round(len(found) * 60 / WORDS_A_MINUTE))
    return TextStats(len(found), len(parts), len(text), round(a_sentence, 1), seconds, round(ease, 1))


def _syllables(word: str) -> int:
    count = len(_VOWELS.findall(word))
    is_silent = word.endswith("e") and not word.endswith("le") and count > 1
    return max(1, count - is_silent)


@dataclass
class Difference:
    added: int
    removed: int
    similarity: float
    diff: str


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def diff_text(before: str, after: str, context: Annotated[int, Field(ge=0, le=20)] = 2) -> Difference:
    """Compares two texts line by line, as a unified diff.

    Args:
        context: lines around each change
    """
    old, new = before.splitlines(), after.splitlines()
    # Not `difflib.unified_diff`, which takes lines that come often for noise.
    compared = difflib.SequenceMatcher(None, old, new, autojunk=False)
    lines: list[str] = []
    for group in compared.get_grouped_opcodes(context):
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        lines.append(f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@")
        for kind, first, last, new_first, new_last in group:
            if kind == "equal":
                lines += [f" {line}" for line in old[first:last]]
            else:
                lines += [f"-{line}" for line in old[first:last]]
                lines += [f"+{line}" for line in new[new_first:new_last]]
    changes = Counter(line[0] for line in lines)
    diff = "\n".join(["--- before", "+++ after", *lines]) if lines else ""
    return Difference(changes["+"], changes["-"], round(compared.ratio(), 4), diff)


def _range(start: int, end: int) -> str:
    """Lines as a unified diff counts them: from 1, and an empty range by the line before it."""
    if end - start == 1:
        return str(end)
    return f"{start + (end > start)},{end - start}"


@dataclass
class Keyword:
    word: str
    count: int


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def keywords(text: str, ctx: Context, limit: Limit = 8) -> list[Keyword]:
    """The words that a text is about, most frequent first; forms of a word count as one."""
    limit = min(limit, ctx.state["limits"]["results_max"])
    forms: dict[str, Counter[str]] = {}
    for word in words(fold(text)):
        if word not in STOPWORDS and len(word) > 2:
            forms.setdefault(stem(word), Counter())[word] += 1
    ranked = sorted(forms.items(), key=lambda item: (-item[1].total(), item[0]))
    return [Keyword(min(seen, key=lambda w: (-seen[w], w)), seen.total()) for _, seen in ranked[:limit]]
