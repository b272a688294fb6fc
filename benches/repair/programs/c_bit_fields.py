"""Pack named bit fields into one integer and take them out again."""


def layout(spec):
    """Turn 'mode:2 speed:5 flag' into a list of (name, width), first is highest."""
    fields = []
    for part in spec.split():
        name, _, width = part.partition(":")
        fields.append((name, int(width) if width else 1))
    return fields


def pack(spec, values):
    """Pack values (missing ones are 0) and check their range; '-' is padding."""
    word = 0
    for name, width in layout(spec):
        value = 0 if name == "-" else values.get(name, 0)
        if not 0 <= value < 1 << width:
            raise OverflowError(f"{name} does not fit in {width} bits")
        word = word << width | value
    return word


def unpack(spec, word):
    """Return {name: value}; the padding is left out."""
    values = {}
    for name, width in reversed(layout(spec)):
        if name != "-":
            values[name] = word & (1 << width) - 1
        word >>= width
    if word:
        raise ValueError("word is too wide")
    return values


def describe(spec, word):
    """Show the bits of a word, a group for every field."""
    fields = layout(spec)
    total = sum(width for _, width in fields)
    bits = f"{word:0{total}b}"
    groups = []
    for _, width in fields:
        groups.append(bits[:width])
        bits = bits[width:]
    return "_".join(groups)
