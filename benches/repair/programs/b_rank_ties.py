"""Places in a contest where equal scores share a place."""

from itertools import groupby


def places(scores, style="shared"):
    """Map name to place; styles are shared (1 2 2 4), dense (1 2 2 3), mean."""
    ordered = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    result = {}
    taken = 0
    groups = 0
    for _, group in groupby(ordered, key=lambda pair: pair[1]):
        names = [name for name, _ in group]
        groups += 1
        if style == "shared":
            place = taken + 1
        elif style == "dense":
            place = groups
        elif style == "mean":
            place = taken + (len(names) + 1) / 2
        else:
            raise ValueError("unknown style: " + style)
        for name in names:
            result[name] = place
        taken += len(names)
    return result


def podium(scores):
    """List the names in places one to three, in order."""
    table = places(scores)
    winners = [name for name in table if table[name] <= 3]
    return sorted(winners, key=lambda name: (table[name], name))
