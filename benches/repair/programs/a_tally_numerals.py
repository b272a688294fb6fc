"""Clock-face numerals: additive letters, with a bar-marked thousands part."""

LETTERS = [("D", 500), ("C", 100), ("L", 50), ("X", 10), ("V", 5), ("I", 1)]


def to_tally(number):
    """Write 1..999999; thousands come first in brackets: 4012 is [IIII]XII."""
    if not 1 <= number <= 999999:
        raise ValueError("out of range")
    thousands, rest = divmod(number, 1000)
    text = "[" + to_tally(thousands) + "]" if thousands else ""
    for letter, value in LETTERS:
        while rest >= value:
            text += letter
            rest -= value
    return text


def read_letters(text):
    """Value of a run of letters in non-increasing order."""
    values = dict(LETTERS)
    total = 0
    last = 500
    for letter in text:
        if letter not in values:
            raise ValueError("bad letter: " + letter)
        value = values[letter]
        if value > last:
            raise ValueError("letters out of order")
        total += value
        last = value
    return total


def from_tally(text):
    """Read a numeral back; the order of the letters is checked."""
    text = text.strip().upper()
    if not text:
        raise ValueError("empty numeral")
    if text.startswith("["):
        head, closed, tail = text[1:].partition("]")
        if not closed or not head:
            raise ValueError("bad brackets")
        return read_letters(head) * 1000 + read_letters(tail)
    return read_letters(text)
