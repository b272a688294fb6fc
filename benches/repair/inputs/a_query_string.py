def inputs(random):
    bits = ["a", "Z9", "%20", "+", "%C3%A9", "%4", "%", "é", "-._~", "%zz", "%26", "x"]
    if random.random() < 0.25:
        return {"call": "decode", "args": ["".join(random.choice(bits) for _ in range(random.randint(0, 8)))]}
    if random.random() < 0.35:
        plain = ["a", " ", "é", "&", "=", "~", "\n", "Q", "5", "/"]
        return {"call": "encode", "args": ["".join(random.choice(plain) for _ in range(random.randint(0, 10)))]}
    keys = ["a", "b", "k%20", "", "x"]
    pairs = []
    for _ in range(random.randint(0, 6)):
        value = "".join(random.choice(bits) for _ in range(random.randint(0, 3)))
        pairs.append(random.choice(keys) + random.choice(["=", "=", "="]) + value if random.random() < 0.8 else random.choice(keys))
    return {"call": "parse_query", "args": [random.choice(["", "?"]) + "&".join(pairs)]}
