"""Colours as '#rrggbb' text: reading, mixing and choice of text colour."""


def parse(text):
    """Return red, green, blue; the short form '#abc' is allowed too."""
    digits = text[1:] if text.startswith("#") else text
    if len(digits) == 3:
        digits = "".join(char * 2 for char in digits)
    if len(digits) != 6 or any(char not in "0123456789abcdef" for char in digits.lower()):
        raise ValueError("not a colour: " + text)
    return [int(digits[i:i + 2], 16) for i in range(0, 6, 2)]


def to_text(parts):
    """Write a colour; parts out of range are clamped, short form if exact."""
    fixed = [min(255, max(0, round(part))) for part in parts]
    if all(part % 17 == 0 for part in fixed):
        return "#" + "".join("%x" % (part // 17) for part in fixed)
    return "#" + "".join("%02x" % part for part in fixed)


def mix(first, second, share):
    """Blend two colours; the share says how much of the second one."""
    pairs = zip(parse(first), parse(second))
    return to_text([a + (b - a) * share for a, b in pairs])


def brightness(text):
    red, green, blue = parse(text)
    return (299 * red + 587 * green + 114 * blue) // 1000


def text_colour(background, choices=("#000", "#fff")):
    """Return the choice whose brightness differs most from the background."""
    level = brightness(background)
    best = None
    widest = -1
    for choice in choices:
        distance = abs(brightness(choice) - level)
        if distance > widest:
            best = choice
            widest = distance
    return best
