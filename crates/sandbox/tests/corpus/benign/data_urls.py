"""Takes URLs apart and puts them together."""
# arguments: {"url": "https://user@example.com:8080/a%20b/c?q=1&q=2&r=x+y#top"}
# value: {"host": "example.com", "port": 8080, "path": "/a b/c", "query": {"q": ["1", "2"], "r": ["x y"]}, "joined": "https://user@example.com:8080/d", "made": "a=%C3%A4+%26/%C3%9F"}

from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlsplit

from luthier import tool


@tool
def run(url: str) -> dict[str, Any]:
    """The parts of a URL, and others made of them."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "path": unquote(parts.path),
        "query": parse_qs(parts.query),
        "joined": urljoin(url, "../d"),
        "made": urlencode({"a": "ä &"}) + quote("/ß"),
    }
