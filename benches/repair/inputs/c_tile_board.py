def inputs(random):
    def word():
        n = random.choice([1, 2, 3, 4, 7, 8])
        return "".join(random.choice("AEIOUNRSTDGLMBCFHPVWJKYQXZ" if random.random() < 0.8 else "aest") for _ in range(n))
    length = random.choice([8, 12, 15])
    bonuses = {str(random.randrange(length)): random.choice(["L2", "L3", "W2", "W3"]) for _ in range(random.randint(0, 6))}
    if random.random() < 0.5:
        return {"call": "word_score", "args": [word(), random.randrange(length), bonuses]}
    moves = []
    for _ in range(random.choice([0, 1, 3, 6])):
        w = word()
        if random.random() < 0.3:
            w = w[:2]
        moves.append([w, random.randint(-1 if random.random() < 0.1 else 0, length - 1 if random.random() < 0.3 else max(0, length - len(w)))])
    return {"call": "play_line", "args": [length, moves, bonuses]}
