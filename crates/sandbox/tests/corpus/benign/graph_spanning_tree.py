"""Connects all places at the least cost."""
# arguments: {"edges": [["a", "b", 4], ["b", "c", 8], ["a", "c", 2], ["c", "d", 3], ["b", "d", 1]]}
# value: {"kept": ["bd", "ac", "cd"], "cost": 6}

from luthier import tool


@tool
def run(edges: list[tuple[str, str, int]]) -> dict[str, int | list[str]]:
    """The edges that are kept, and what they cost."""
    parent: dict[str, str] = {}

    def root(place: str) -> str:
        while parent.setdefault(place, place) != place:
            place = parent[place]
        return place

    kept, cost = [], 0
    for one, other, price in sorted(edges, key=lambda edge: edge[2]):
        if root(one) != root(other):
            parent[root(one)] = root(other)
            kept.append(one + other)
            cost += price
    return {"kept": kept, "cost": cost}
