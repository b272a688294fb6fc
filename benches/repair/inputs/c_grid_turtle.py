def inputs(random):
    w, h = random.randint(1, 8), random.randint(1, 6)
    moves = []
    for _ in range(random.choice([0, 1, 4, 8, 16])):
        letter = random.choice("FFFFLRRP")
        if letter == "P":
            moves.append("P")
        else:
            moves.append(letter + random.choice(["", "1", "2", "3", "4", "12"]))
    return {"call": "walk", "args": [w, h, "".join(moves)]}
