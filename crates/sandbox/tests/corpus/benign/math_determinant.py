"""Solves linear equations exactly."""
# arguments: {"rows": [[2, 1, -1, 8], [-3, -1, 2, -11], [-2, 1, 2, -3]]}
# value: ["2", "3", "-1"]

from fractions import Fraction

from luthier import tool


@tool
def run(rows: list[list[int]]) -> list[str]:
    """The unknowns, by elimination."""
    table = [[Fraction(cell) for cell in row] for row in rows]
    for i in range(len(table)):
        pivot = next(j for j in range(i, len(table)) if table[j][i])
        table[i], table[pivot] = table[pivot], table[i]
        table[i] = [cell / table[i][i] for cell in table[i]]
        for j, row in enumerate(table):
            if j != i:
                table[j] = [cell - row[i] * other for cell, other in zip(row, table[i], strict=True)]
    return [str(row[-1]) for row in table]
