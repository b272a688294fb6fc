def inputs(random):
    n = random.choice([0, 1, 2, 4, 8])
    top = random.choice([3, 6, 12])
    span = random.choice([1, 8, 30])
    reqs = [[random.randrange(span), random.randint(0, top)] for _ in range(n)]
    return {"call": "ride", "args": [random.randint(0, top), random.choice(["up", "down"]), reqs]}
