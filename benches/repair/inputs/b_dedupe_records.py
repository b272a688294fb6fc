def inputs(random):
    names = ["Ann", "ann ", "BOB", "bob", "", None, "  bob", "Cy"]
    records = []
    for _ in range(random.randint(0, 9)):
        record = {}
        if random.random() < 0.9:
            record["n"] = random.choice(names)
        if random.random() < 0.5:
            record["id"] = random.randint(1, 3)
        for extra in "xyz":
            if random.random() < 0.4:
                record[extra] = random.choice([None, "", 4, "v"])
        records.append(record)
    keys = random.choice([["n"], ["id"], ["n", "id"]])
    return {"call": "dedupe", "args": [records, keys, random.choice(["first", "last", "fullest"])]}
