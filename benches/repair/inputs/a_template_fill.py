def inputs(random):
    values = {"name": random.choice(["Ann", " bob ", "", "zoë"]), "n": random.randint(-5, 99), "city": "Oslo"}
    pieces = ["{name}", "{n}", "{city|upper}", "{name|trim}", "{name|trim|first}", "{{", "}", " and ", "{other:none}", "{name|upper:x}", "{ n }", "text", "{other|upper:low}"]
    if random.random() < 0.15:
        pieces += ["{missing}", "{n|bad}", "{n"]
    return {"call": "fill", "args": ["".join(random.choice(pieces) for _ in range(random.randint(0, 10))), values]}
