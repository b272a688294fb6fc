"""Remove // and /* */ comments from source text, minding strings."""


def strip_comments(source):
    """Drop comments; a block comment leaves one blank behind."""
    out = []
    quote = None
    i = 0
    while i < len(source):
        char = source[i]
        pair = source[i:i + 2]
        if quote is not None:
            out.append(char)
            if char == "\\" and i + 1 < len(source):
                out.append(source[i + 1])
                i += 1
            elif char == quote or char == "\n":
                quote = None
        elif pair == "//":
            end = source.find("\n", i)
            i = len(source) if end < 0 else end
            continue
        elif pair == "/*":
            end = source.find("*/", i + 2)
            if end < 0:
                raise ValueError("comment not closed")
            out.append(" ")
            i = end + 2
            continue
        else:
            if char in "\"'":
                quote = char
            out.append(char)
        i += 1
    return "".join(out)


def code_lines(source):
    """How many lines hold something besides comments and blanks."""
    return sum(1 for line in strip_comments(source).split("\n") if line.strip())
