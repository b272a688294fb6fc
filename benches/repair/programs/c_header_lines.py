"""Read and write blocks of mail-like header lines with folded long values."""


def parse_headers(lines):
    """Return (headers, rest): header values joined by name, lines after the blank one.

    A line that starts with a space continues the header before it.
    """
    headers = {}
    name = None
    for number, line in enumerate(lines):
        if not line.strip():
            return headers, lines[number + 1:]
        if line[0] in " \t":
            if name is None:
                raise ValueError("continuation without a header")
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if not colon or name != name.rstrip():
            raise ValueError(f"bad header line {number + 1}")
        name = name.lower()
        if name in headers:
            headers[name] += ", " + value.strip()
        else:
            headers[name] = value.strip()
    return headers, []


def fold_header(name, value, width):
    """Write one header in lines of at most width characters where words allow it."""
    line = "-".join(part.capitalize() for part in name.split("-")) + ":"
    lines = []
    for word in value.split():
        if len(line) + 1 + len(word) > width and line.strip():
            lines.append(line)
            line = ""
        line += " " + word
    lines.append(line)
    return lines
