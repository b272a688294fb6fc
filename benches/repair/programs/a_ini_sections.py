"""Read a small INI dialect with comments, continuations and types."""


def convert_value(text):
    """Turn yes/no words into booleans and digit strings into integers."""
    lowered = text.lower()
    if lowered in ("yes", "on", "true"):
        return True
    if lowered in ("no", "off", "false"):
        return False
    if lowered.lstrip("-").isdigit() and lowered.count("-") <= 1:
        return int(lowered)
    return text


def parse_ini(text):
    """Nested dict of section -> key -> value; 'main' before any header."""
    sections = {}
    section = "main"
    key = None
    for raw in text.split("\n"):
        line = raw.split("#", 1)[0].rstrip()
        if not line:
            key = None
            continue
        if line[0] == " " and key is not None:
            values = sections[section]
            values[key] = str(values[key]) + " " + line.strip()
        elif line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().lower()
            sections.setdefault(section, {})
            key = None
        else:
            name, equals, value = line.partition("=")
            if not equals or not name.strip():
                raise ValueError("bad line: " + raw)
            key = name.strip().lower()
            sections.setdefault(section, {})[key] = convert_value(value.strip())
    return sections
