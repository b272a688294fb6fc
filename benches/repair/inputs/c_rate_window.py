def inputs(random):
    now, hits = 0, []
    for _ in range(random.choice([0, 1, 5, 12, 40])):
        now += random.choice([0, 1, 1, 2, 4])
        hits.append([now, random.choice(["a", "a", "b", "cc"])])
    window = random.choice([1, 3, 5, 10])
    if random.random() < 0.5:
        return {"call": "limit_hits", "args": [hits, random.choice([1, 1, 2, 3, 0]), window]}
    random.shuffle(hits)
    return {"call": "busiest", "args": [hits, window]}
