def inputs(random):
    records = []
    for _ in range(random.randint(0, 10)):
        record = {"area": random.choice(["east", "west", "mid"]), "kind": random.choice(["tea", "jam", "oil", "rye"]), "sum": random.randint(-4, 12)}
        if random.random() < 0.12:
            del record[random.choice(list(record))]
        records.append(record)
    call = random.choice(["group_total", "report", "report", "top"])
    if call == "group_total":
        keys = random.choice([["area"], ["kind", "area"], ["area", "kind"]])
        return {"call": call, "args": [records, keys, "sum"]}
    if call == "report":
        return {"call": call, "args": [records, "area", "kind", "sum", random.choice([0, 3, 8])]}
    return {"call": call, "args": [records, random.choice(["area", "kind"]), "sum", random.randint(0, 4)]}
