"""Judge of a three player line game on a square board."""


def lines(size, need):
    """Yield every straight line of need cells as a list of (row, column)."""
    for row in range(size):
        for column in range(size):
            for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
                last_row = row + dr * (need - 1)
                last_column = column + dc * (need - 1)
                if last_row < size and 0 <= last_column < size:
                    yield [(row + dr * k, column + dc * k) for k in range(need)]


def judge(rows, need):
    """Say who has won a board of '.', 'a', 'b' and 'c'.

    Several full lines of one player still win; full lines of two players are a
    quarrel; without full lines the game is open or, when full, a draw.
    """
    winners = set()
    for line in lines(len(rows), need):
        marks = {rows[r][c] for r, c in line}
        if len(marks) == 1 and marks != {"."}:
            winners |= marks
    if len(winners) > 1:
        return "quarrel " + "".join(sorted(winners))
    if winners:
        return "win " + winners.pop()
    return "open" if any("." in row for row in rows) else "draw"


def replay(size, need, moves):
    """Play [row, column] moves in turns; a taken cell loses the turn."""
    board = [["."] * size for _ in range(size)]
    for turn, (row, column) in enumerate(moves):
        if not (0 <= row < size and 0 <= column < size):
            raise IndexError("move is off the board")
        if board[row][column] == ".":
            board[row][column] = "abc"[turn % 3]
        verdict = judge(board, need)
        if verdict != "open":
            return [verdict, turn + 1]
    return ["open", len(moves)]
