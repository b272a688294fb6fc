def inputs(random):
    def rows(extra):
        result = []
        for _ in range(random.randint(0, 6)):
            row = {}
            if random.random() < 0.9:
                row["id"] = random.choice(["p", "q", "r", "s"])
            if random.random() < 0.6:
                row["name"] = random.choice(["ann", "bob"])
            row[extra] = random.randint(0, 9)
            result.append(row)
        return result
    pick = random.random()
    if pick < 0.15:
        return {"call": "index_by", "args": [rows("size"), "id"]}
    if pick < 0.3:
        left = {"id": "p", "a": 1, random.choice("abc"): random.randint(2, 9)}
        right = {"id": "p", "b": 2, random.choice("abc"): random.randint(2, 9)}
        return {"call": "combine", "args": [left, right, "id", random.choice(["r_", "x."])]}
    return {"call": "join", "args": [rows("size"), rows(random.choice(["cost", "size"])), "id", random.choice(["inner", "left", "anti"])]}
