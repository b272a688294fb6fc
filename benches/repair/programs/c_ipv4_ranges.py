"""Address ranges such as '10.0.0.5-10.0.1.20' for simple allow lists."""


def to_number(address):
    """Turn a dotted address into a number; leading zeros are refused."""
    parts = address.strip().split(".")
    if len(parts) != 4:
        raise ValueError("need four parts: " + address)
    number = 0
    for part in parts:
        if not part.isdigit() or len(part) > 1 and part[0] == "0" or int(part) > 255:
            raise ValueError("bad part in " + address)
        number = number * 256 + int(part)
    return number


def to_address(number):
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def parse_range(text):
    """Read 'a', 'a-b' or 'a-n' where n replaces the last part."""
    low, dash, high = text.partition("-")
    first = to_number(low)
    if not dash:
        return first, first
    last = first - first % 256 + int(high) if high.strip().isdigit() else to_number(high)
    if last < first:
        raise ValueError("range runs backwards: " + text)
    return first, last


def merge(texts):
    """Join overlapping and touching ranges; return them as sorted texts."""
    merged = []
    for first, last in sorted(parse_range(text) for text in texts):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return [
        to_address(first) if first == last else f"{to_address(first)}-{to_address(last)}"
        for first, last in merged
    ]
