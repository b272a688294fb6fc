"""Packs text, and unpacks it."""
# arguments: {"text": "again and again and again and again"}
# value: [true, true, true]

import gzip
import zlib

from luthier import tool


@tool
def run(text: str) -> list[bool]:
    """Whether it became shorter, and came back whole."""
    body = text.encode() * 20
    packed = zlib.compress(body)
    return [
        len(packed) < len(body) // 4,
        zlib.decompress(packed) == body,
        gzip.decompress(gzip.compress(body)) == body,
    ]
