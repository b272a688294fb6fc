"""Number the lines of an indented outline as 1, 1.1, 1.2, 2 ..."""


def indent_of(line):
    """Count leading blanks; a tab goes to the next multiple of four."""
    width = 0
    for char in line:
        if char == " ":
            width += 1
        elif char == "\t":
            width += 4 - width % 4
        else:
            break
    return width


def number_outline(lines):
    """Prefix every non-blank line with its number in the outline."""
    result = []
    indents = []
    counters = []
    for line in lines:
        if not line.strip():
            continue
        width = indent_of(line)
        while indents and indents[-1] > width:
            indents.pop()
            counters.pop()
        if not indents or indents[-1] < width:
            if result and not indents:
                raise ValueError("outdented past the first line")
            indents.append(width)
            counters.append(0)
        counters[-1] += 1
        label = ".".join(str(count) for count in counters)
        result.append(label + " " + line.strip())
    return result
