"""Fills paragraphs."""
# arguments: {"text": "The quick brown fox jumps over the lazy dog, and then it goes home to sleep."}
# value: ["The quick brown fox", "jumps over the lazy dog,", "and then it goes home to", "sleep.", "> one\n> two", "The quick brown fox…"]

import textwrap

from luthier import tool


@tool
def run(text: str) -> list[str]:
    """Wraps, indents and shortens."""
    wrapped = textwrap.wrap(text, width=24)
    return [*wrapped, textwrap.indent("one\ntwo", "> "), textwrap.shorten(text, 20, placeholder="…")]
