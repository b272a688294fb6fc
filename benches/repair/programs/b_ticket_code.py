"""Write ticket numbers in a base with an easily spoken alphabet."""

ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
GROUP = 4


def encode(number, least=1):
    """Return the number as text with at least so many characters."""
    if number < 0:
        raise ValueError("negative number")
    base = len(ALPHABET)
    chars = []
    while number > 0 or len(chars) < least:
        number, rest = divmod(number, base)
        chars.append(ALPHABET[rest])
    return "".join(reversed(chars))


def decode(text):
    """Read text written by encode; case, blanks and dashes do not matter."""
    number = 0
    seen = False
    for char in text.lower():
        if char in "- ":
            continue
        worth = ALPHABET.find(char)
        if worth < 0:
            raise ValueError("bad character: " + char)
        number = number * len(ALPHABET) + worth
        seen = True
    if not seen:
        raise ValueError("empty code")
    return number


def grouped(text):
    """Put dashes between groups of four, counted from the right."""
    head = len(text) % GROUP
    parts = [text[:head]] if head else []
    for start in range(head, len(text), GROUP):
        parts.append(text[start:start + GROUP])
    return "-".join(parts)


def following(text):
    """Return the next ticket code, at least as long as the given one."""
    length = sum(1 for char in text if char not in "- ")
    return grouped(encode(decode(text) + 1, length))
