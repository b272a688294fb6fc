"""Writes Morse."""
# arguments: {"text": "SOS now"}
# value: "... --- ... / -. --- .--"

from luthier import tool

MORSE = dict(zip("ENOSW", (".", "-.", "---", "...", ".--"), strict=True))


@tool
def run(text: str) -> str:
    """Letters apart by spaces, words by slashes."""
    return " / ".join(" ".join(MORSE.get(char, "?") for char in word.upper()) for word in text.split())
