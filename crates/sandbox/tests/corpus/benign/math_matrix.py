"""Multiplies matrices."""
# arguments: {"left": [[1, 2], [3, 4]], "right": [[0, 1], [1, 0]]}
# value: [[[2, 1], [4, 3]], [[3524578, 2178309], [2178309, 1346269]]]

import operator

from luthier import tool

Matrix = list[list[int]]


def times(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(map(operator.mul, row, column)) for column in columns] for row in left]


@tool
def run(left: Matrix, right: Matrix) -> list[Matrix]:
    """The product, and a large power of a small matrix."""
    power = [[1, 1], [1, 0]]
    for _ in range(5):
        power = times(power, power)
    return [times(left, right), power]
