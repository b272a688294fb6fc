"""Write money amounts in words, as on a cheque."""

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen "
        "fourteen fifteen sixteen seventeen eighteen nineteen").split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()


def below_thousand(number):
    """Words for 1..999, with 'and' after the hundreds."""
    words = []
    hundreds, rest = divmod(number, 100)
    if hundreds:
        words.append(ONES[hundreds] + " hundred")
        if rest:
            words.append("and")
    if rest >= 20:
        tens, ones = divmod(rest, 10)
        words.append(TENS[tens] + ("-" + ONES[ones] if ones else ""))
    elif rest:
        words.append(ONES[rest])
    return " ".join(words)


def number_words(number):
    """Words for 0 up to a billion; 'and' also joins a small last part."""
    if number == 0:
        return "zero"
    parts = []
    for size, name in ((1000000, " million"), (1000, " thousand")):
        if number >= size:
            parts.append(below_thousand(number // size) + name)
            number %= size
    if number:
        joint = "and " if parts and number < 100 else ""
        parts.append(joint + below_thousand(number))
    return " ".join(parts)


def cheque_words(cents, unit="pound"):
    """'Twelve pounds 05/100' or 'One pound only'."""
    if not 0 <= cents < 100000000000:
        raise ValueError("amount out of range")
    whole, part = divmod(cents, 100)
    text = number_words(whole) + " " + unit
    if whole != 1:
        text += "s"
    text += " %02d/100" % part if part else " only"
    return text[0].upper() + text[1:]
