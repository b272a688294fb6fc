"""What stands in a text in a known form: addresses, links, dates, money; found or blacked out."""

import re
from typing import Annotated, Literal, TypedDict

from luthier import Context, Field, ToolError, tool

Kind = Literal["email", "url", "date", "phone", "ip", "card", "hashtag", "money"]

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
# With commas between digits and none after them.
_AMOUNT = r"\d(?:,?\d)*(?:\.\d+)?"
PATTERNS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b"),
    "url": re.compile(r"\bhttps?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}]"),
    "date": re.compile(
        rf"\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}} (?:{_MONTHS})[a-z]* \d{{4}}"
        rf"|(?:{_MONTHS})[a-z]* \d{{1,2}}, \d{{4}})\b"
    ),
    "phone": re.compile(r"(?<![\w.+-])\+\d{1,3}[ -]?(?:\(\d+\)[ -]?)?\d(?:[ -]?\d){5,12}(?![\w-])"),
    "ip": re.compile(rf"(?<!\d)(?<!\d\.)(?:{_BYTE}\.){{3}}{_BYTE}(?!\.?\d)"),
    "card": re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])"),
    "hashtag": re.compile(r"(?<![\w#&/])#[^\W\d_]\w*"),
    "money": re.compile(rf"(?:[$€£¥] ?{_AMOUNT}|\b{_AMOUNT} ?(?:USD|EUR|GBP|JPY)\b)"),
}


class Found(TypedDict):
    kind: str
    text: str
    start: int


def _is_card(text: str) -> bool:
    """The check digit of Luhn, which tells a card's number from any other."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _find(text: str, kinds: list[Kind]) -> list[Found]:
    """All that was asked for, in the order of the text; what overlaps belongs to the first."""
    hits: list[Found] = [
        {"kind": kind, "text": hit[0], "start": hit.start()}
        for kind in dict.fromkeys(kinds)
        for hit in PATTERNS[kind].finditer(text)
        if kind != "card" or _is_card(hit[0])
    ]
    hits.sort(key=lambda hit: (hit["start"], -len(hit["text"])))
    apart: list[Found] = []
    end = 0
    for hit in hits:
        if hit["start"] >= end:
            apart.append(hit)
            end = hit["start"] + len(hit["text"])
    return apart


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def extract(
    text: str,
    ctx: Context,
    kinds: Annotated[list[Kind], Field(min_length=1)] = ["email", "url", "date", "phone", "money"],  # noqa: B006
) -> list[Found]:
    """Finds addresses, links, dates, numbers and amounts, each with its place.

    Args:
        kinds: what to look for
    """
    return _find(text, kinds)[: ctx.state["limits"]["results_max"]]


class Redacted(TypedDict):
    text: str
    removed: dict[str, int]


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def redact(
    text: str,
    kinds: Annotated[list[Kind], Field(min_length=1)] = ["email", "phone", "ip", "card"],  # noqa: B006
    mask: Annotated[str, Field(max_length=40)] = "[{kind}]",
) -> Redacted:
    """Takes personal data out of a text before it goes anywhere.

    Args:
        kinds: what to take out
        mask: what stands there instead; `{kind}` in it is the kind
    """
    if any(kind in mask.replace("{kind}", "") for kind in ("{", "}")):
        raise ToolError("the mask may name {kind} and has no other braces")
    made, end = "", 0
    removed: dict[str, int] = {}
    for hit in _find(text, kinds):
        made += text[end : hit["start"]] + mask.replace("{kind}", hit["kind"])
        end = hit["start"] + len(hit["text"])
        removed[hit["kind"]] = removed.get(hit["kind"], 0) + 1
    return {"text": made + text[end:], "removed": removed}
