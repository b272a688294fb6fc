"""Lets cells live and die."""
# arguments: {"cells": [[1, 0], [2, 1], [0, 2], [1, 2], [2, 2]], "steps": 4}
# value: [[1, 3], [2, 1], [2, 3], [3, 2], [3, 3]]

from collections import Counter

from luthier import tool


@tool
def run(cells: list[list[int]], steps: int) -> list[list[int]]:
    """A glider, one step down and to the right."""
    alive = {(x, y) for x, y in cells}
    for _ in range(steps):
        near = Counter((x + i, y + j) for x, y in alive for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
        alive = {cell for cell, count in near.items() if count == 3 or (count == 2 and cell in alive)}
    return sorted([x, y] for x, y in alive)
