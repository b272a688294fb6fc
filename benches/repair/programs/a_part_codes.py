"""Build and check part codes with a weighted check letter."""

ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ"


def check_letter(body):
    """Letter for a body of letters and digits, from a weighted sum."""
    total = 0
    weight = 2
    for char in reversed(body):
        if char.isdigit():
            value = int(char)
        elif char in ALPHABET:
            value = 10 + ALPHABET.index(char)
        else:
            raise ValueError("bad character: " + char)
        total += weight * value
        weight = weight + 1 if weight < 7 else 2
    return ALPHABET[total % len(ALPHABET)]


def make_code(family, number):
    """Code such as 'PMP-0042-X' for a family and a serial number."""
    family = family.upper()
    if not 2 <= len(family) <= 4 or not family.isalpha():
        raise ValueError("bad family")
    digits = str(number).zfill(4)
    return "-".join([family, digits, check_letter(family + digits)])


def problem_with(code):
    """None for a good code, otherwise a short reason."""
    parts = code.strip().upper().split("-")
    if len(parts) != 3:
        return "shape"
    family, digits, letter = parts
    if not digits.isdigit() or len(digits) < 4:
        return "number"
    if len(digits) > 4 and digits[0] == "0":
        return "padding"
    try:
        expected = check_letter(family + digits)
    except ValueError:
        return "family"
    return None if letter == expected else "check"
