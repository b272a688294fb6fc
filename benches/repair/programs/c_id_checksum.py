"""Check characters for made-up member ids such as 'MK-4071-X'."""

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
WEIGHTS = (3, 7, 1)


def check_character(body):
    """Weighted sum of the symbols, where every second letter counts once more."""
    total = 0
    letters = 0
    for position, symbol in enumerate(body):
        value = ALPHABET.index(symbol)
        total += value * WEIGHTS[position % len(WEIGHTS)]
        if symbol.isalpha():
            letters += 1
            if letters % 2 == 0:
                total += value
    return ALPHABET[-total % len(ALPHABET)]


def make_id(prefix, number):
    """Join a two letter prefix and a number below 10000 to a full id."""
    prefix = prefix.upper()
    if len(prefix) != 2 or not prefix.isalpha():
        raise ValueError("prefix must be two letters")
    digits = f"{number:04d}"
    return f"{prefix}-{digits}-{check_character(prefix + digits)}"


def verify(text):
    """Tell what is wrong with an id, or 'ok'."""
    parts = text.strip().upper().replace("O", "0").split("-")
    if [len(part) for part in parts] != [2, 4, 1]:
        return "shape"
    if any(symbol not in ALPHABET for part in parts for symbol in part):
        return "symbol"
    if not parts[1].isdigit():
        return "number"
    return "ok" if check_character(parts[0] + parts[1]) == parts[2] else "checksum"
