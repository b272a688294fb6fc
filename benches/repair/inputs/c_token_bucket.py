def inputs(random):
    cap, rate = random.randint(1, 10), random.choice([1, 2, 4])
    now, reqs = 0, []
    for _ in range(random.choice([0, 1, 4, 10, 20])):
        now += random.choice([0, 0, 0.25, 0.5, 1, 2, 5])
        reqs.append([now, random.choice([0, 1, 1, 2, 3, cap, cap + 1])])
    if random.random() < 0.05:
        rate = 0
    if random.random() < 0.1 and reqs:
        reqs[-1][0] = 0
    return {"call": "admit", "args": [cap, rate, reqs]}
