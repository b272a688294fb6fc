"""Escapes HTML, and finds the links of a page."""
# arguments: {"page": "<p>See <a href='/x?a=1&amp;b=2'>this</a> or <a href=\"#y\">that</a></p>"}
# value: ["/x?a=1&b=2", "#y", "&lt;a &amp; &#x27;b&#x27;&gt;", "é!"]

import html
from html.parser import HTMLParser

from luthier import tool


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if tag == "a" and name == "href"]


@tool
def run(page: str) -> list[str]:
    """The links, and an escaped text."""
    links = Links()
    links.feed(page)
    return [*links.found, html.escape("<a & 'b'>"), html.unescape("&eacute;&#33;")]
