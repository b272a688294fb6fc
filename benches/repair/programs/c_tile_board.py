"""Score words laid on a board line with letter values and bonus squares."""

GROUPS = (("AEIOUNRST", 1), ("DGLM", 2), ("BCFHPVW", 4), ("JKYQXZ", 8))
VALUES = {letter: points for letters, points in GROUPS for letter in letters}


def word_score(word, start, bonuses):
    """Score one word; bonuses maps a square number (as text) to 'L2', 'W3' ..."""
    total = 0
    factor = 1
    for offset, letter in enumerate(word):
        points = 0 if letter.islower() else VALUES[letter]
        bonus = bonuses.get(str(start + offset), "")
        if bonus.startswith("L"):
            points *= int(bonus[1:])
        elif bonus.startswith("W"):
            factor *= int(bonus[1:])
        total += points
    if len(word) >= 7:
        total += 10
    return total * factor


def play_line(length, moves, bonuses):
    """Lay [word, start] moves on one line; a bonus counts once.

    Letters may lie on equal letters; returns the line and the score of each
    move, None for a move that does not fit.
    """
    line = ["."] * length
    open_bonuses = dict(bonuses)
    scores = []
    for word, start in moves:
        end = start + len(word)
        if start < 0 or end > length or any(
            old not in (".", new) for old, new in zip(line[start:end], word)
        ):
            scores.append(None)
            continue
        scores.append(word_score(word, start, open_bonuses))
        line[start:end] = word
        for square in range(start, end):
            open_bonuses.pop(str(square), None)
    return {"line": "".join(line), "scores": scores}
