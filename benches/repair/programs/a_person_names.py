"""Split personal names into parts; make initials and sort keys."""

TITLES = {"mr", "mrs", "ms", "dr", "prof", "sir"}
PARTICLES = {"van", "von", "de", "der", "la", "bin"}
SUFFIXES = {"jr", "sr", "ii", "iii"}


def split_name(name):
    """Dict of title, given names, family name and suffix."""
    if "," in name:
        family, _, given = name.partition(",")
        name = given + " " + family
    words = name.split()
    title = suffix = ""
    if words and words[0].rstrip(".").lower() in TITLES:
        title = words.pop(0)
    if len(words) > 1 and words[-1].rstrip(".").lower() in SUFFIXES:
        suffix = words.pop()
    cut = max(len(words) - 1, 0)
    while cut > 1 and words[cut - 1].lower() in PARTICLES:
        cut -= 1
    return {"title": title, "given": words[:cut], "family": " ".join(words[cut:]), "suffix": suffix}


def initials(name, dots=True):
    """J. R. de Boer from 'John Robert de Boer'."""
    parts = split_name(name)
    letters = []
    for word in parts["given"]:
        pieces = [piece[0].upper() for piece in word.split("-") if piece]
        letters.append("-".join(p + "." if dots else p for p in pieces))
    glue = " " if dots else ""
    short = glue.join(letters)
    return (short + " " + parts["family"]).strip()


def sort_key(name):
    """Family name without its particles, then the given names."""
    parts = split_name(name)
    family = parts["family"].lower().split()[-1:]
    return " ".join(family + [word.lower() for word in parts["given"]])
