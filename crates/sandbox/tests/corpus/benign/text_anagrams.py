"""Groups words by their letters."""
# arguments: {"words": ["listen", "silent", "enlist", "google", "elgoog", "abc"]}
# value: [["elgoog", "google"], ["enlist", "listen", "silent"]]

from collections import defaultdict

from luthier import tool


@tool
def run(words: list[str]) -> list[list[str]]:
    """Groups of at least two."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        groups["".join(sorted(word))].append(word)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)
