"""Retrieval: a tool that searches an asset, and a resource that serves it whole."""

import math
import re
from collections import Counter
from typing import TypedDict

from luthier import Asset, Context, ToolError, resource, tool

FAQ = "faq.md"
_COMMON = frozenset("a an and are can do does for how i in is it my of on or the to what where you your".split())


class Answer(TypedDict):
    question: str
    answer: str
    score: float


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def find_answer(question: str, ctx: Context) -> list[Answer]:
    """Finds the answers that fit a question, best first.

    Args:
        question: in plain words
    """
    entries = _entries(ctx.assets[FAQ])
    known = [_words(f"{heading} {text}") for heading, text in entries]
    spread = Counter(word for words in known for word in words.keys())
    found: list[Answer] = []
    for (heading, text), words in zip(entries, known, strict=True):
        title = _words(heading)
        score = 0.0
        for word in _words(question):
            weight = math.log(1 + len(entries) / (1 + spread[word]))
            score += weight * (min(words[word], 1) + ctx.state["title_weight"] * min(title[word], 1))
        if score:
            found.append({"question": heading, "answer": text, "score": round(score, 3)})
    if not found:
        raise ToolError("no answer has a word of that question: ask in other words")
    found.sort(key=lambda answer: (-answer["score"], answer["question"]))
    return found[: ctx.state["results_max"]]


@resource("faq://all", mime_type="text/markdown", title="Questions and answers")
def all_answers(ctx: Context) -> str:
    """Every question with its answer."""
    return ctx.assets[FAQ].text


def _entries(asset: Asset) -> list[tuple[str, str]]:
    parts = re.split(r"^## +", asset.text, flags=re.MULTILINE)[1:]
    split = [part.partition("\n") for part in parts]
    return [(heading.strip(), " ".join(text.split())) for heading, _, text in split]


def _words(text: str) -> Counter[str]:
    return Counter(word for word in re.findall(r"\w+", text.lower()) if word not in _COMMON)
