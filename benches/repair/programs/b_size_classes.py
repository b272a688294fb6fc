"""Sort amounts into named classes and compare how full the classes are."""

from bisect import bisect_left, bisect_right
from collections import Counter


def class_of(value, edges, names, edge_goes="up"):
    """Name the class of a value; an edge belongs to the class above or below."""
    if len(names) != len(edges) + 1:
        raise ValueError("one more name than edges needed")
    if edge_goes == "up":
        return names[bisect_right(edges, value)]
    return names[bisect_left(edges, value)]


def tally(values, edges, names):
    """Count the values of every class, empty ones too, in class order."""
    counts = Counter(class_of(value, edges, names) for value in values)
    return [[name, counts[name]] for name in names]


def even_edges(values, classes):
    """Choose edges that give classes of about the same number of values."""
    ordered = sorted(values)
    edges = []
    for i in range(1, classes):
        position = len(ordered) * i // classes
        if position == 0:
            continue
        edge = (ordered[position - 1] + ordered[position]) / 2
        if not edges or edge > edges[-1]:
            edges.append(edge)
    return edges


def shift(before, after):
    """Say for each name whether its count rose, fell or stayed."""
    old = dict(before)
    words = {}
    for name, count in after:
        change = count - old.pop(name, 0)
        if change == 0:
            words[name] = "same"
        else:
            words[name] = "%+d" % change
    for name, count in old.items():
        words[name] = "gone" if count else "same"
    return words
