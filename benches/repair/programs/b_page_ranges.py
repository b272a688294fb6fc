"""Page ranges as in a print dialogue: '1-3, 5, 9-'."""


def read_ranges(text, pages):
    """Return sorted page numbers; open ends reach to the first or last page."""
    chosen = set()
    for part in text.split(","):
        part = part.strip()
        if not part:
            continue
        low, dash, high = part.partition("-")
        low, high = low.strip(), high.strip()
        for side in (low, high):
            if side and not side.isdigit():
                raise ValueError("bad range: " + part)
        if dash:
            if not low and not high:
                raise ValueError("bad range: " + part)
            start = int(low) if low else 1
            end = int(high) if high else pages
            if start > end:
                start, end = end, start
        else:
            start = end = int(low)
        chosen.update(range(max(start, 1), min(end, pages) + 1))
    return sorted(chosen)


def write_ranges(numbers, shortest=3):
    """Join runs of numbers with a dash when they are long enough."""
    runs = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = []
    for start, end in runs:
        if end - start + 1 >= shortest:
            parts.append("%d-%d" % (start, end))
        else:
            parts.extend(str(number) for number in range(start, end + 1))
    return ", ".join(parts)


def sheets(text, pages, per_sheet=2):
    """Put the chosen pages on sheets, several on each."""
    chosen = read_ranges(text, pages)
    return [write_ranges(chosen[i:i + per_sheet]) for i in range(0, len(chosen), per_sheet)]
