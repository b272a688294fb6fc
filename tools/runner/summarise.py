"""Shorter and fewer texts: a summary by picking sentences, near duplicates, a digest of many."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, TypedDict

from lib.ranking import cosine
from lib.words import sentences, terms, words
from luthier import Context, Field, ToolError, tool

# A sentence of about this many words says most.
WORDS_IDEAL = 18
PROGRESS_EVERY = 50

Texts = Annotated[list[str], Field(min_length=1, max_length=500)]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def summarise(text: str, ctx: Context, count: Annotated[int, Field(ge=1, le=50)] = 3) -> list[str]:
    """Picks the sentences that say most, in their order in the text.

    How much a sentence's words, place and length count is in the state, under `summary`.

    Args:
        count: how many sentences
    """
    found = sentences(text)
    weights = ctx.state["summary"]
    counts = Counter(terms(text))
    top = max(counts.values(), default=1)
    scored = []
    for place, sentence in enumerate(found):
        about = terms(sentence)
        frequency = sum(counts[term] for term in about) / (top * max(len(about), 1))
        position = 1 - place / len(found)
        length = min(len(words(sentence)), WORDS_IDEAL) / WORDS_IDEAL
        score = weights["frequency"] * frequency + weights["position"] * position + weights["length"] * length
        scored.append((-score, place))
    return [found[place] for _, place in sorted(sorted(scored)[:count], key=lambda pair: pair[1])]


class Pair(TypedDict):
    first: int
    second: int
    similarity: float


@tool(annotations={"readOnlyHint": True, "idempotentHint": True}, deadline_ms=60_000)
def find_duplicates(
    texts: Texts, ctx: Context, threshold: Annotated[float, Field(ge=0, le=1)] = 0.8
) -> list[Pair]:
    """Finds texts that say nearly the same, whatever the order and form of their words.

    Args:
        texts: compared each with each; a result names them by their place, from 0
        threshold: how alike, from 0 to 1
    """
    counts = [Counter(terms(text)) for text in texts]
    pairs: list[Pair] = []
    for second, later in enumerate(counts):
        if second % PROGRESS_EVERY == 0:
            if ctx.cancelled:
                raise ToolError("cancelled")
            ctx.progress(second, len(texts), f"{len(pairs)} pairs so far")
        for first in range(second):
            # Equal texts are alike even if no word in them says anything.
            alike = 1.0 if texts[first] == texts[second] else cosine(counts[first], later)
            if alike >= threshold:
                pairs.append({"first": first, "second": second, "similarity": round(alike, 4)})
    ctx.progress(len(texts), len(texts), f"{len(pairs)} pairs")
    pairs.sort(key=lambda pair: (-pair["similarity"], pair["first"], pair["second"]))
    return pairs[: ctx.state["limits"]["results_max"]]


@dataclass
class Digest:
    texts: int
    words: int
    reading_seconds: int
    keywords: list[str]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
async def digest(texts: Texts, ctx: Context) -> Digest:
    """What many texts have in common: their size together and the words that several are about."""
    done = 0

    async def look(text: str) -> tuple[dict[str, int], list[str]]:
        nonlocal done
        stats, about = await asyncio.gather(
            ctx.call_async("text_stats", {"text": text}),
            ctx.call_async("keywords", {"text": text, "limit": 10}),
        )
        done += 1
        ctx.progress(done, len(texts))
        return stats, [keyword["word"] for keyword in about]

    seen = await asyncio.gather(*map(look, texts))
    shared = Counter(word for _, about in seen for word in about)
    ranked = sorted(shared, key=lambda word: (-shared[word], word))
    return Digest(
        texts=len(texts),
        words=sum(stats["words"] for stats, _ in seen),
        reading_seconds=sum(stats["reading_seconds"] for stats, _ in seen),
        keywords=[word for word in ranked if shared[word] > 1 or len(texts) == 1][:10],
    )
