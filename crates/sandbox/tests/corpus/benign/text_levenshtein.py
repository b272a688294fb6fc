"""Counts the edits between two words."""
# arguments: {"pairs": [["kitten", "sitting"], ["flaw", "lawn"], ["", "abc"], ["same", "same"]]}
# value: [3, 2, 3, 0]

from luthier import tool


def distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


@tool
def run(pairs: list[list[str]]) -> list[int]:
    """The distance of each pair."""
    return [distance(left, right) for left, right in pairs]
