"""Turn page titles into unique URL slugs."""
import re
import unicodedata


def make_slug(title, limit=40):
    """Lower-case ASCII slug, cut at a word boundary where possible."""
    plain = unicodedata.normalize("NFKD", title)
    plain = plain.encode("ascii", "ignore").decode("ascii").lower()
    plain = plain.replace("&", " and ").replace("'", "")
    words = re.findall(r"[a-z0-9]+", plain)
    if not words:
        return "untitled"
    slug = words[0][:limit]
    for word in words[1:]:
        if len(slug) + 1 + len(word) > limit:
            break
        slug += "-" + word
    return slug


def unique_slugs(titles, limit=40):
    """Slugs for all the titles, with -2, -3 ... on repeats."""
    used = set()
    result = []
    for title in titles:
        base = make_slug(title, limit)
        slug = base
        number = 2
        while slug in used:
            slug = "%s-%d" % (base, number)
            number += 1
        used.add(slug)
        result.append(slug)
    return result
