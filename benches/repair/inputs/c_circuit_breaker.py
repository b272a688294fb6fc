def inputs(random):
    now, calls = 0, []
    good = random.choice([0.2, 0.5, 0.8])
    for _ in range(random.choice([0, 2, 6, 12, 30])):
        now += random.choice([0, 1, 1, 2, 5])
        calls.append([now, random.random() < good])
    return {"call": "replay", "args": [random.randint(1, 4), random.choice([0, 3, 5, 10]), calls]}
