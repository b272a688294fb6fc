def inputs(random):
    h, w = random.randint(1, 6), random.randint(2, 8)
    cells = random.choice(["....#", "...~~#", "..kD.1#", "...~kD12#"])
    rows = [[random.choice(cells) for _ in range(w)] for _ in range(h)]
    rows[random.randrange(h)][random.randrange(w)] = "G"
    if random.random() < 0.97:
        r, c = random.randrange(h), random.randrange(w)
        rows[r][c] = "S"
    moves = "".join(random.choice("^v<>>v") for _ in range(random.choice([0, 2, 6, 15, 30])))
    return {"call": "walk", "args": [["".join(r) for r in rows], moves]}
