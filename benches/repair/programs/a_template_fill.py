"""Fill {name|filter:default} placeholders in a text template."""


def apply_filter(value, name):
    """Apply one named filter to a string."""
    if name == "upper":
        return value.upper()
    if name == "trim":
        return value.strip()
    if name == "first":
        return value[:1]
    raise ValueError("unknown filter: " + name)


def expand(spec, values):
    """Value of one placeholder body such as 'user|upper:nobody'."""
    spec, colon, default = spec.partition(":")
    name, *filters = spec.split("|")
    name = name.strip()
    if name in values:
        text = str(values[name])
    elif colon:
        return default
    else:
        raise KeyError(name)
    for item in filters:
        text = apply_filter(text, item.strip())
    return text


def fill(template, values):
    """Replace every placeholder; '{{' stands for a literal brace."""
    out = []
    pos = 0
    while pos < len(template):
        start = template.find("{", pos)
        if start < 0:
            out.append(template[pos:])
            break
        out.append(template[pos:start])
        if template[start:start + 2] == "{{":
            out.append("{")
            pos = start + 2
            continue
        end = template.find("}", start)
        if end < 0:
            raise ValueError("unclosed placeholder")
        out.append(expand(template[start + 1:end], values))
        pos = end + 1
    return "".join(out)
