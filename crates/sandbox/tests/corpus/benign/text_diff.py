"""Compares two texts line by line."""
# arguments: {"before": "a\nb\nc", "after": "a\nx\nc\nd"}
# value: ["@@ -1,3 +1,4 @@", " a", "-b", "+x", " c", "+d"]

import difflib

from luthier import tool


@tool
def run(before: str, after: str) -> list[str]:
    """A unified diff without its head."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1))[2:]
