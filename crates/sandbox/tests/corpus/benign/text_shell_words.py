"""Splits and quotes as a shell does."""
# arguments: {"line": "cp 'my file' \"other $x\" -v # note"}
# value: ["cp", "my file", "other $x", "-v", "cp 'my file' 'other $x' -v"]

import shlex

from luthier import tool


@tool
def run(line: str) -> list[str]:
    """The words, and the words joined again."""
    words = shlex.split(line, comments=True)
    return [*words, shlex.join(words)]
