def inputs(random):
    width = random.randint(1, 6)
    marks = random.choice(["ab..", "abc.", "aabbc.....", "a......"])
    rows = ["".join(random.choice(marks) for _ in range(width)) for _ in range(random.randint(0, 5))]
    call = random.choice(["conflicts", "spread", "harvest"])
    if call == "conflicts":
        enemies = {p: "".join(random.sample("abc", random.randint(0, 2))) for p in random.sample("abc", random.randint(1, 3))}
        return {"call": call, "args": [rows, enemies]}
    if call == "spread":
        return {"call": call, "args": [rows, random.choice("ab"), random.randint(0, 6)]}
    return {"call": call, "args": [rows, {p: random.randint(0, 5) for p in random.sample("abc", random.randint(1, 3))}]}
