def inputs(random):
    parts = ["doc", "user", "read", "write"]

    def action():
        return ".".join(random.choice(parts) for _ in range(random.randint(1, 3)))

    def pattern():
        pieces = [random.choice(parts + ["*"]) for _ in range(random.randint(1, 3))]
        if random.random() < 0.25:
            pieces[-1] = "**"
        return ".".join(pieces)

    def variation(text):
        pieces = text.split(".")
        spot = random.randrange(len(pieces))
        pieces[spot] = random.choice(["*", "**", pieces[spot]])
        return ".".join(pieces)

    roles = ["boss", "clerk", "guest", "temp"]
    parents = {r: random.sample(roles, random.randint(0, 2)) for r in random.sample(roles, random.randint(0, 4))}
    names = random.sample(roles, random.randint(0, 2))
    pick = random.random()
    act = action()
    if pick < 0.4:
        return {"call": "matches", "args": [random.choice([pattern(), variation(act), variation(act)]), act]}
    if pick < 0.55:
        return {"call": "all_roles", "args": [names, parents]}
    rules = {}
    for role in roles:
        rules[role] = [random.choice(["", "", "!"]) + random.choice([pattern(), variation(act)]) for _ in range(random.randint(0, 2))]
    return {"call": "allowed", "args": [names or ["boss"], act, rules, parents]}
