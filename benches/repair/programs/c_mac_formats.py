"""Read hardware addresses in several spellings and write them in one."""

import re

STYLES = {"colon": (":", 2), "dash": ("-", 2), "dot": (".", 4), "plain": ("", 12)}


def digits_of(text):
    """Return the twelve lower case hex digits of any accepted spelling."""
    text = text.strip().lower()
    for separator in ":-.":
        if separator in text:
            groups = text.split(separator)
            size = 12 // len(groups)
            if len(groups) not in (3, 6) or any(not 1 <= len(g) <= size for g in groups):
                raise ValueError("bad groups: " + text)
            text = "".join(group.zfill(size) for group in groups)
            break
    if not re.fullmatch("[0-9a-f]{12}", text):
        raise ValueError("not an address: " + text)
    return text


def rewrite(text, style="colon", upper=False):
    """Write an address in one of the STYLES."""
    digits = digits_of(text)
    separator, size = STYLES[style]
    groups = [digits[start:start + size] for start in range(0, 12, size)]
    result = separator.join(groups)
    return result.upper() if upper else result


def classify(text):
    """Name the kind of an address from its first byte."""
    digits = digits_of(text)
    if digits == "f" * 12:
        return "broadcast"
    first = int(digits[:2], 16)
    if first & 1:
        return "group"
    return "local" if first & 2 else "vendor " + digits[:6]
