"""Shorten long runs of a character to a {char*count} note and back."""


def squeeze(text, least=4):
    """Replace each run of `least` or more with a note; '{' is always noted."""
    out = []
    i = 0
    while i < len(text):
        j = i + 1
        while j < len(text) and text[j] == text[i]:
            j += 1
        length = j - i
        if length >= least or text[i] == "{":
            out.append("{%s*%d}" % (text[i], length))
        else:
            out.append(text[i:j])
        i = j
    return "".join(out)


def expand(text):
    """Undo squeeze; a malformed note is an error."""
    out = []
    i = 0
    while i < len(text):
        if text[i] != "{":
            out.append(text[i])
            i += 1
            continue
        end = text.find("}", i + 2)
        if end < 0 or text[i + 2] != "*":
            raise ValueError("bad note at %d" % i)
        count = text[i + 3:end]
        if not count.isdigit():
            raise ValueError("bad count at %d" % i)
        out.append(text[i + 1] * int(count))
        i = end + 1
    return "".join(out)
