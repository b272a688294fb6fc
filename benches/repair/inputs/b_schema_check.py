def inputs(random):
    def rule(depth=1):
        kind = random.choice(["text", "int", "number", "list", "flag"])
        result = {"type": kind}
        if kind != "flag":
            if random.random() < 0.5:
                result["min"] = random.randint(0, 3)
            if random.random() < 0.5:
                result["max"] = random.randint(2, 5)
        if kind in ("text", "int") and random.random() < 0.3:
            result["choices"] = ["a", "abc", 1, 2]
        if kind == "list" and depth and random.random() < 0.7:
            result["each"] = rule(depth - 1)
        return result

    def value(r):
        kind = r["type"] if random.random() < 0.85 else random.choice(["text", "int", "number", "list", "flag"])
        if kind == "text":
            return random.choice(["", "a", "abc", "abcdef"])
        if kind == "int":
            return random.randint(0, 7)
        if kind == "number":
            return random.choice([0.5, 2, 3.0, 4.5, 6])
        if kind == "flag":
            return random.random() < 0.5
        inner = r.get("each", {"type": "int"})
        return [value(inner) for _ in range(random.randint(0, 4))]

    if random.random() < 0.45:
        r = rule()
        return {"call": "check_field", "args": ["f", value(r), r]}
    schema = {}
    record = {}
    for name in random.sample("pqrs", random.randint(0, 4)):
        r = rule()
        if random.random() < 0.8:
            record[name] = value(r)
        if random.random() < 0.4:
            r["optional"] = random.random() < 0.7
        if random.random() < 0.9:
            schema[name] = r
    return {"call": "check", "args": [record, schema]}
