"""Write byte counts as short text and read them back."""

UNITS = ["B", "KB", "MB", "GB", "TB"]


def size_text(count, base=1024):
    """Three significant digits at most: 999 B, 1.5 KB, 12.3 MB, 512 GB."""
    if count < 0:
        return "-" + size_text(-count, base)
    value = float(count)
    index = 0
    while value >= base and index < len(UNITS) - 1:
        value /= base
        index += 1
    if index == 0 or value >= 100:
        text = "%.0f" % value
    elif value >= 10:
        text = "%.1f" % value
    else:
        text = "%.2f" % value
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + " " + UNITS[index]


def read_size(text, base=1024):
    """Bytes from '1.5 KB', '20m' or '300'; fractions are rounded down."""
    body = text.strip().upper()
    if body.endswith("B"):
        body = body[:-1]
    power = 0
    for index, unit in enumerate(UNITS[1:], 1):
        if body.endswith(unit[0]):
            body = body[:-1]
            power = index
            break
    body = body.strip()
    if body.count(".") > 1 or not body.replace(".", "").isdigit():
        raise ValueError("bad size: " + text)
    return int(float(body) * base ** power)
