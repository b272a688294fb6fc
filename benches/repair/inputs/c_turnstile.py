def inputs(random):
    n = random.choice([0, 1, 3, 6, 12, 30])
    pool = ["coin", "coin", "coin", "push", "push", "push", "kick", "reset"]
    if random.random() < 0.3:
        pool = pool[:6]
    events = [random.choice(pool) for _ in range(n)]
    return {"call": "summarise", "args": [events]}
