"""Combines iterators."""
# arguments: {"letters": "ABC"}
# value: [["AB", "AC", "BC"], ["ABC", "ACB", "BAC", "BCA", "CAB", "CBA"], ["A1", "A2", "B1", "B2", "C1", "C2"], ["AB", "BC"], [0, 1, 3, 6, 10], [1, 2, 3], [0, 1, 2], [1, 3]]

import itertools

from luthier import tool


@tool
def run(letters: str) -> list[list[str] | list[int]]:
    """Combinations, permutations, products, windows and sums."""
    return [
        ["".join(pair) for pair in itertools.combinations(letters, 2)],
        ["".join(all) for all in itertools.permutations(letters)],
        ["".join(both) for both in itertools.product(letters, "12")],
        ["".join(pair) for pair in itertools.pairwise(letters)],
        list(itertools.accumulate([1, 2, 3, 4], initial=0)),
        list(itertools.chain.from_iterable([[1], [2, 3]])),
        list(itertools.takewhile(lambda number: number < 3, itertools.count())),
        list(itertools.compress([1, 2, 3], [1, 0, 1])),
    ]
