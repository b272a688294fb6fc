"""Join fields to one line with backslash escapes and split them again."""

CODES = {"\\": "\\", "|": "|", "\n": "n", "\t": "t"}
PLAIN = {code: character for character, code in CODES.items()}


def escape(field):
    """Escape one field; None becomes backslash N."""
    if field is None:
        return "\\N"
    return "".join("\\" + CODES[c] if c in CODES else c for c in field)


def join(fields):
    return "|".join(escape(field) for field in fields)


def split(line):
    """Undo join; raise ValueError for an unknown escape or a lonely backslash."""
    fields = []
    current = []
    missing = False
    characters = iter(line)
    for character in characters:
        if character == "|":
            fields.append(None if missing else "".join(current))
            current = []
            missing = False
        elif character == "\\":
            code = next(characters, "")
            if code == "N" and not current:
                missing = True
            elif code in PLAIN:
                current.append(PLAIN[code])
            else:
                raise ValueError(f"unknown escape {code!r}")
        else:
            if missing:
                raise ValueError("text after a missing field")
            current.append(character)
    fields.append(None if missing else "".join(current))
    return fields
