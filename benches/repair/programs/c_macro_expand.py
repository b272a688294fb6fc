"""Expand named macros with parameters inside lines of text."""

import re

CALL = re.compile(r"@(\w+)(?:\(([^()]*)\))?")


def parse_definitions(lines):
    """Read 'name(a, b) = body' lines into {name: (parameters, body)}."""
    macros = {}
    for line in lines:
        head, separator, body = line.partition("=")
        match = re.fullmatch(r"(\w+)(?:\(([\w, ]*)\))?", head.strip())
        if not separator or match is None:
            raise ValueError("bad definition: " + line)
        macros[match.group(1)] = (split_arguments(match.group(2)), body.strip())
    return macros


def split_arguments(text):
    if not text:
        return []
    return [part.strip() for part in text.split(",")]


def expand(lines, text, depth=0):
    """Replace every @name or @name(arguments) in text, also inside bodies."""
    if depth > 8:
        raise RecursionError("macros are nested too deeply")
    macros = parse_definitions(lines)

    def replace(match):
        name, arguments = match.group(1), split_arguments(match.group(2))
        if name not in macros:
            return match.group(0)
        parameters, body = macros[name]
        if len(parameters) != len(arguments):
            raise ValueError(f"{name} takes {len(parameters)} arguments")
        values = dict(zip(parameters, arguments))
        filled = re.sub(r"\$(\w+)", lambda m: values.get(m.group(1), m.group(0)), body)
        return expand(lines, filled, depth + 1)

    return CALL.sub(replace, text)
