def inputs(random):
    items = ["nut", "bolt", "cap", "pin", "rod"]
    levels = {i: random.randint(0, 15) for i in random.sample(items, random.randint(0, 5))}
    if random.random() < 0.5:
        moves = []
        for _ in range(random.randint(0, 8)):
            kind = random.choice(["in", "in", "in", "out", "count"])
            item = random.choice(items)
            top = 3 if kind == "out" else 12
            moves.append([kind, item, random.randint(0, top)])
        return {"call": "apply_movements", "args": [levels, moves]}
    limits = {}
    for item in random.sample(items, random.randint(0, 5)):
        low = random.randint(0, 12)
        limits[item] = [low, low + random.randint(0, 30)]
    return {"call": "reorder_list", "args": [levels, limits, random.randint(1, 10)]}
