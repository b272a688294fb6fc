"""Paging of long lists and the row of page links under them."""


def page_slice(items, page, size):
    """Return one page with the numbers a reader needs; pages start at one."""
    if size < 1:
        raise ValueError("size must be positive")
    pages = max(1, -(-len(items) // size))
    page = min(max(page, 1), pages)
    start = (page - 1) * size
    chunk = items[start:start + size]
    return {
        "items": chunk,
        "page": page,
        "pages": pages,
        "first": start + 1 if chunk else 0,
        "last": start + len(chunk),
    }


def page_links(page, pages, around=1):
    """Show first, last and nearby pages; a gap of several becomes '...'."""
    wanted = {1, pages}
    for number in range(page - around, page + around + 1):
        if 1 <= number <= pages:
            wanted.add(number)
    links = []
    previous = 0
    for number in sorted(wanted):
        gap = number - previous
        if gap == 2:
            links.append(str(number - 1))
        elif gap > 2:
            links.append("...")
        links.append("[%d]" % number if number == page else str(number))
        previous = number
    return " ".join(links)
