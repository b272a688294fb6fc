"""Parse and write page selections such as '1-3, 7, 10-'."""


def parse_pages(text, last):
    """Sorted page numbers; '5-' runs to the last page, '-3' from page one."""
    pages = set()
    for part in text.split(","):
        part = part.strip()
        if not part:
            continue
        start, dash, end = part.partition("-")
        if not dash:
            end = start
        if not start.strip() and not end.strip():
            raise ValueError("empty range")
        first = int(start) if start.strip() else 1
        final = int(end) if end.strip() else last
        if first < 1 or first > final:
            raise ValueError("bad range: " + part)
        pages.update(range(first, min(final, last) + 1))
    return sorted(pages)


def format_pages(pages):
    """Shortest text for the page numbers; a pair is written as two."""
    parts = []
    run = []
    for page in sorted(set(pages)) + [None]:
        if run and page == run[-1] + 1:
            run.append(page)
            continue
        if len(run) > 2:
            parts.append("%d-%d" % (run[0], run[-1]))
        else:
            parts.extend(str(number) for number in run)
        run = [page]
    return ", ".join(parts)
