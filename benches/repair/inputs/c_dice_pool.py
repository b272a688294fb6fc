def inputs(random):
    count, sides = random.randint(1, 6), random.choice([2, 4, 6, 6, 20])
    pool = "%d%s%d" % (count, random.choice("dD"), sides) + random.choice(["", "", "+1", "+5", "-2", "-9"])
    if count == 1 and random.random() < 0.5:
        pool = pool[1:]
    if random.random() < 0.2:
        return {"call": "parse_pool", "args": [pool]}
    rolls = [random.choice([random.randint(1, sides), sides, random.randint(1, min(3, sides))]) for _ in range(count + random.choice([0, 0, 2, 5]))]
    if random.random() < 0.1:
        rolls = [1] * len(rolls)
    if random.random() < 0.05:
        rolls[0] = sides + 1
    return {"call": "score", "args": [pool, rolls]}
