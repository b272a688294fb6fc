def inputs(random):
    rows = []
    for _ in range(random.randint(0, 10)):
        row = {"shop": random.choice(["east", "west", "mid"]), "month": random.choice(["jan", "feb", "mar"]), "sales": random.randint(-3, 20)}
        if random.random() < 0.12:
            del row[random.choice(["shop", "month", "sales"])]
        elif random.random() < 0.1:
            row["sales"] = None
        rows.append(row)
    keys = random.choice([["shop", "month"], ["month", "shop"]])
    return {"call": "pivot", "args": [rows, keys[0], keys[1], "sales", random.choice(["sum", "count", "max"])]}
