"""Merges sorted lists, and finds the largest few."""
# arguments: {"lists": [[1, 4, 9], [2, 3, 10], [0, 11]]}
# value: [[0, 1, 2, 3, 4, 9, 10, 11], [11, 10, 9], [0, 10]]

import heapq

from luthier import tool


@tool
def run(lists: list[list[int]]) -> list[list[int]]:
    """All in order, the three largest, and the two smallest by last digit."""
    merged = list(heapq.merge(*lists))
    return [merged, heapq.nlargest(3, merged), heapq.nsmallest(2, merged, key=lambda number: number % 10)]
