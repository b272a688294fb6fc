"""Read and write single CSV records with quoted fields."""


def parse_record(line, sep=","):
    """Fields of one record; doubled quotes inside quotes mean one."""
    fields = []
    current = []
    quoted = False
    i = 0
    while i < len(line):
        char = line[i]
        if quoted:
            if char != '"':
                current.append(char)
            elif line[i + 1:i + 2] == '"':
                current.append('"')
                i += 1
            else:
                quoted = False
        elif char == '"' and not current:
            quoted = True
        elif char == sep:
            fields.append("".join(current))
            current = []
        else:
            current.append(char)
        i += 1
    if quoted:
        raise ValueError("unterminated quote")
    fields.append("".join(current))
    return fields


def write_record(fields, sep=","):
    """One record; only the fields that need quotes are quoted."""
    out = []
    for field in fields:
        if sep in field or '"' in field or field != field.strip():
            field = '"' + field.replace('"', '""') + '"'
        out.append(field)
    return sep.join(out)
