"""Wrap prose to a width with a hanging indent for bullet lines."""


def wrap_line(line, width, hang):
    """Wrap one line; continuation lines start with `hang` spaces."""
    rows = []
    current = ""
    for word in line.split():
        while len(word) > width - hang:
            if current.strip():
                rows.append(current)
            cut = width - hang
            rows.append(" " * (hang if rows else 0) + word[:cut])
            word = word[cut:]
            current = ""
        if not current.strip():
            current = " " * (hang if rows else 0) + word
        elif len(current) + 1 + len(word) <= width:
            current += " " + word
        else:
            rows.append(current)
            current = " " * hang + word
    if current.strip():
        rows.append(current)
    return rows or [""]


def wrap_text(text, width):
    """Wrap each line of the text; bullets get a hanging indent of 2."""
    if width < 4:
        raise ValueError("width too small")
    rows = []
    for line in text.split("\n"):
        hang = 2 if line.startswith(("- ", "* ")) else 0
        rows.extend(wrap_line(line, width, hang))
    return rows
