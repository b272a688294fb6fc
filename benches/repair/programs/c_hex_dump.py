"""Hex dumps of short byte lists with an offset, groups and a text column."""


def printable(byte):
    return chr(byte) if 32 <= byte < 127 else "."


def dump(data, width=8):
    """Return the dump lines; a line that equals the one before becomes '*'."""
    lines = []
    previous = None
    for offset in range(0, len(data), width):
        chunk = data[offset:offset + width]
        if chunk == previous and offset + width < len(data):
            if lines[-1] != "*":
                lines.append("*")
            continue
        previous = chunk
        codes = [f"{byte:02x}" for byte in chunk]
        codes += ["  "] * (width - len(chunk))
        half = width // 2
        left, right = " ".join(codes[:half]), " ".join(codes[half:])
        text = "".join(map(printable, chunk))
        lines.append(f"{offset:04x}: {left}  {right} |{text}|")
    return lines


def undump(lines):
    """Read the bytes back from the lines of dump, filling in the '*' lines."""
    data = []
    repeat = False
    chunk = []
    for line in lines:
        if line == "*":
            repeat = True
            continue
        offset, _, rest = line.partition(":")
        while repeat and len(data) < int(offset, 16):
            data.extend(chunk)
        repeat = False
        chunk = [int(code, 16) for code in rest[:rest.index("|")].split()]
        data.extend(chunk)
    return data
