"""Check characters for part codes such as 'AB-1234-K'."""

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def weight_sum(body):
    """Weighted sum: digits count themselves, letters from ten up."""
    total = 0
    for i, char in enumerate(body):
        if char.isdigit():
            worth = int(char)
        elif char in LETTERS:
            worth = 10 + LETTERS.index(char)
        else:
            raise ValueError("bad character " + char)
        total += worth * (3 if i % 2 == 0 else 1)
    return total


def seal(body):
    """Add the check letter to a bare code."""
    if not body:
        raise ValueError("empty code")
    return body + LETTERS[weight_sum(body) % len(LETTERS)]


def clean(text):
    """Bring a typed code to plain form: upper case, O and I read as digits."""
    kept = []
    for char in text.upper():
        if char in " -.":
            continue
        kept.append({"O": "0", "I": "1"}.get(char, char))
    return "".join(kept)


def verdict(text):
    """Say 'ok', 'short', 'bad character', 'swapped' or 'wrong'."""
    code = clean(text)
    if len(code) < 3:
        return "short"
    body, check = code[:-1], code[-1]
    try:
        if seal(body)[-1] == check:
            return "ok"
        for i in range(len(body) - 1):
            other = body[:i] + body[i + 1] + body[i] + body[i + 2:]
            if seal(other)[-1] == check:
                return "swapped"
    except ValueError:
        return "bad character"
    return "wrong"
