"""Tiny template language: {name}, {name|filter}, {?name}...{/} and {!name}...{/}."""

import re

TOKEN = re.compile(r"\{([^{}]*)\}")

FILTERS = {
    "upper": str.upper,
    "trim": str.strip,
    "title": lambda text: text[:1].upper() + text[1:],
    "len": lambda text: str(len(text)),
}


def lookup(context, expression):
    """Return the text for 'name|filter|filter'."""
    path, *filters = expression.split("|")
    value = context
    for key in path.split("."):
        value = value.get(key, "") if isinstance(value, dict) else ""
    text = str(value)
    for name in filters:
        if name not in FILTERS:
            raise ValueError("no filter " + name)
        text = FILTERS[name](text)
    return text


def render(template, context):
    """Fill the template; sections show when their value is not empty."""
    output = []
    shown = [True]
    for index, piece in enumerate(TOKEN.split(template)):
        if index % 2 == 0:
            if shown[-1]:
                output.append(piece)
        elif piece == "/":
            if len(shown) == 1:
                raise ValueError("section end without a start")
            shown.pop()
        elif piece[:1] in ("?", "!"):
            filled = lookup(context, piece[1:]) != ""
            shown.append(shown[-1] and filled == (piece[0] == "?"))
        elif shown[-1]:
            output.append(lookup(context, piece))
    if len(shown) > 1:
        raise ValueError("section is not closed")
    return "".join(output)
