"""Format and read numbers with grouped digits and a decimal comma."""


def group_digits(digits, mark):
    """Put the mark between groups of three digits from the right."""
    groups = []
    while len(digits) > 3:
        groups.insert(0, digits[-3:])
        digits = digits[:-3]
    groups.insert(0, digits)
    return mark.join(groups)


def format_number(cents, mark=".", point=",", paren=False):
    """Write an amount held in hundredths, e.g. 1234567 as 12.345,67."""
    whole, part = divmod(abs(cents), 100)
    text = "%s%s%02d" % (group_digits(str(whole), mark), point, part)
    if cents >= 0:
        return text
    return "(" + text + ")" if paren else "-" + text


def read_number(text, mark=".", point=","):
    """Inverse of format_number; gives the amount in hundredths."""
    text = text.strip()
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1]
    elif text.startswith("-"):
        sign, text = -1, text[1:]
    whole, _, part = text.partition(point)
    whole = whole.replace(mark, "")
    if not whole.isdigit() or len(part) > 2 or (part and not part.isdigit()):
        raise ValueError("not a number: " + text)
    return sign * (int(whole) * 100 + int(part.ljust(2, "0")))
