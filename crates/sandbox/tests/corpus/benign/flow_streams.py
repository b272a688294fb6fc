"""Reads and writes files that are in memory alone."""
# value: ["one\n", 1, 13, 2, "a\n", "b"]

import io

from luthier import tool


@tool
def run() -> list[str | int]:
    """Lines, positions and bytes."""
    text = io.StringIO("one\ntwo\nthree")
    first, rest = text.readline(), text.read()
    body = io.BytesIO()
    body.write("é".encode())
    with io.TextIOWrapper(io.BytesIO(b"a\r\nb"), encoding="utf-8", newline=None) as wrapped:
        lines = wrapped.readlines()
    return [first, rest.count("\n"), text.tell(), body.getbuffer().nbytes, *lines]
