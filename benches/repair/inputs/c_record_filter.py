def inputs(random):
    def term(depth):
        roll = random.random()
        if roll < 0.15 and depth < 3:
            return "(" + expr(depth + 1) + ")"
        if roll < 0.3:
            return "not " + term(depth + 1) if depth < 4 else "n = 1"
        if random.random() < 0.35:
            return "city " + random.choice(["=", "!=", "<", ">="]) + " " + random.choice(["rome", "oslo", "lima"])
        return random.choice(["n", "m"]) + random.choice([" ", ""]) + random.choice(["=", "!=", "<", "<=", ">", ">="]) + " " + str(random.randint(-1, 5))
    def expr(depth):
        out = term(depth)
        for _ in range(random.choice([0, 0, 1, 2])):
            out += random.choice([" and ", " or "]) + term(depth + 1)
        return out
    records = []
    for _ in range(random.choice([0, 1, 3, 6])):
        r = {"n": random.randint(-1, 5)}
        if random.random() < 0.8:
            r["m"] = random.choice([0, 1, 2.5, 4])
        if random.random() < 0.8:
            r["city"] = random.choice(["rome", "oslo", "lima"])
        records.append(r)
    text = "" if random.random() < 0.05 else expr(0)
    return {"call": "select", "args": [records, text]}
