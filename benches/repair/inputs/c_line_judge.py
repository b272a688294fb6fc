def inputs(random):
    size = random.randint(1, 5)
    need = random.choice([2, 3, 3, min(size, 4)])
    if random.random() < 0.5:
        marks = random.choice([".abc", "abc", "...abc", ".aab"])
        return {"call": "judge", "args": [["".join(random.choice(marks) for _ in range(size)) for _ in range(size)], need]}
    cells = [[r, c] for r in range(size) for c in range(size)]
    random.shuffle(cells)
    moves = cells[:random.randint(0, len(cells))]
    if moves and random.random() < 0.2:
        moves.insert(1, list(moves[0]))
    if random.random() < 0.04:
        moves.append([size, 0])
    return {"call": "replay", "args": [size, need, moves]}
