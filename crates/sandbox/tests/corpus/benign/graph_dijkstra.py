"""Finds the shortest way."""
# arguments: {"roads": {"a": {"b": 7, "c": 3}, "b": {"d": 2}, "c": {"b": 1, "d": 8}, "d": {}}, "start": "a"}
# value: {"a": 0, "c": 3, "b": 4, "d": 6}

import heapq

from luthier import tool


@tool
def run(roads: dict[str, dict[str, int]], start: str) -> dict[str, int]:
    """The length of the shortest way to everywhere."""
    known: dict[str, int] = {}
    waiting = [(0, start)]
    while waiting:
        length, place = heapq.heappop(waiting)
        if place not in known:
            known[place] = length
            for other, more in roads[place].items():
                heapq.heappush(waiting, (length + more, other))
    return known
