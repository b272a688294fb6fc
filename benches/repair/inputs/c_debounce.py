def inputs(random):
    n = random.choice([0, 1, 3, 8, 20, 30])
    now, level, out = 0, 0, []
    for _ in range(n):
        now += random.choice([1, 1, 2, 3, 5, 8, 15])
        level = 1 - level if random.random() < 0.85 else level
        out.append([now, level])
    roll = random.random()
    if roll < 0.3:
        return {"call": "debounce", "args": [out, random.choice([0, 1, 2, 3, 5])]}
    if roll < 0.6:
        return {"call": "clicks", "args": [out, random.choice([4, 6, 10]), random.choice([1, 3, 5])]}
    return {"call": "gestures", "args": [out, random.choice([1, 2, 3]), random.choice([4, 8, 12]), random.choice([2, 5, 10])]}
