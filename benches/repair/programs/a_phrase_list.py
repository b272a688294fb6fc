"""Join names into a readable list and split such a list again."""
import re


def join_names(names, word="and", serial=False, limit=0):
    """'A, B and C'; beyond the limit the rest are counted as others."""
    names = [name.strip() for name in names if name.strip()]
    if limit and len(names) > limit:
        hidden = len(names) - limit
        noun = "other" if hidden == 1 else "others"
        names = names[:limit] + ["%d %s" % (hidden, noun)]
    if not names:
        return ""
    if len(names) == 1:
        return names[0]
    comma = "," if serial and len(names) > 2 else ""
    return ", ".join(names[:-1]) + comma + " " + word + " " + names[-1]


def split_names(text, word="and"):
    """Names from a list such as 'A, B, and C', without repeats."""
    names = []
    seen = set()
    for chunk in text.split(","):
        for name in re.split(r"\s+%s\s+" % re.escape(word), " " + chunk + " "):
            name = " ".join(name.split())
            if name.startswith(word + " "):
                name = name[len(word) + 1:]
            if not name or name.lower() in seen:
                continue
            seen.add(name.lower())
            names.append(name)
    return names
