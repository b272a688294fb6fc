"""Convert identifiers between camel, snake, kebab and constant styles."""


def split_words(name):
    """Break an identifier into lower-case words; keep acronyms whole."""
    words = []
    current = ""
    for index, char in enumerate(name):
        if not char.isalnum():
            if current:
                words.append(current)
            current = ""
            continue
        if char.isupper() and current:
            after_lower = not current[-1].isupper()
            before_lower = index + 1 < len(name) and name[index + 1].islower()
            if after_lower or before_lower:
                words.append(current)
                current = ""
        current += char
    if current:
        words.append(current)
    return [word.lower() for word in words]


def convert(name, style):
    """Rewrite the identifier in the named style."""
    words = split_words(name)
    if style == "snake":
        return "_".join(words)
    if style == "kebab":
        return "-".join(words)
    if style == "constant":
        return "_".join(words).upper()
    if style == "pascal":
        return "".join(word.capitalize() for word in words)
    if style == "camel":
        rest = [word.capitalize() for word in words[1:]]
        return "".join(words[:1] + rest)
    raise ValueError("unknown style: " + style)
