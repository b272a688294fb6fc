"""The links in a text."""

import re
from typing import Annotated, TypedDict

from luthier import Field, tool

LINKS_MAX = 100
_TITLED = r"\[(?P<title>[^\]\[\n]*)\]\((?P<target>https?://[^\s()]+(?:\([^\s()]*\)[^\s()]*)*)\)"
_BARE = r"(?P<bare>https?://[^\s<>\"'`\[\]]+)"
_LINK = re.compile(f"{_TITLED}|{_BARE}", re.IGNORECASE)


class Link(TypedDict):
    url: str
    title: str


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def extract_links(text: str, limit: Annotated[int, Field(ge=1, le=10_000)] = LINKS_MAX) -> list[Link]:
    """Finds the web links in a text or in Markdown, each once, in the order of the text.

    Args:
        text: plain text or Markdown
        limit: how many at most
    """
    found: dict[str, str] = {}
    for hit in _LINK.finditer(text):
        url = hit["target"] or _without_end(hit["bare"])
        if not found.get(url):
            found[url] = (hit["title"] or "").strip()
    return [{"url": url, "title": title} for url, title in list(found.items())[:limit]]


def _without_end(url: str) -> str:
    """A link without the punctuation of the sentence that it stands in."""
    while url[-1] in ".,;:!?*_" or (url[-1] == ")" and url.count(")") > url.count("(")):
        url = url[:-1]
    return url
