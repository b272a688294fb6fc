"""Check passwords against a small rule set and rate their strength."""

ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def kinds(password):
    """Return the set of character kinds in a password."""
    found = set()
    for character in password:
        if character.islower():
            found.add("lower")
        elif character.isupper():
            found.add("upper")
        elif character.isdigit():
            found.add("digit")
        else:
            found.add("other")
    return found


def has_walk(password, length=4):
    """Tell whether keys that lie side by side are typed in a row, either way."""
    text = password.lower()
    for start in range(len(text) - length + 1):
        piece = text[start:start + length]
        if any(piece in row or piece[::-1] in row for row in ROWS):
            return True
    return False


def longest_repeat(password):
    best = run = 0
    last = ""
    for character in password:
        run = run + 1 if character == last else 1
        last = character
        best = max(best, run)
    return best


def check(password, user=""):
    """Return {'problems': [...], 'strength': 0 to 4}."""
    problems = []
    if len(password) < 8:
        problems.append("short")
    if len(kinds(password)) < 3:
        problems.append("plain")
    if has_walk(password):
        problems.append("walk")
    if longest_repeat(password) > 2:
        problems.append("repeat")
    if len(user) >= 3 and user.lower() in password.lower():
        problems.append("user")
    strength = len(kinds(password)) // 2 + (len(password) >= 12) + (len(password) >= 16)
    return {"problems": problems, "strength": max(0, strength - len(problems))}
