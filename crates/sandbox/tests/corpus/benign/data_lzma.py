"""Packs text by stronger means."""
# arguments: {"text": "again and again and again"}
# value: [true, true]
# only: native

import bz2
import lzma

from luthier import tool


@tool
def run(text: str) -> list[bool]:
    """Whether it came back whole."""
    body = text.encode() * 50
    return [bz2.decompress(bz2.compress(body)) == body, lzma.decompress(lzma.compress(body)) == body]
