def inputs(random):
    chars = "ab {}*1"
    if random.random() < 0.55:
        text = "".join(random.choice(chars) * random.choice([1, 1, 2, 3, 4, 5, 12]) for _ in range(random.randint(0, 8)))
        return {"call": "squeeze", "args": [text, random.randint(2, 6)]}
    parts = ["ab", "x", "}", "*"]
    notes = ["{%s*%d}" % (random.choice(chars), random.randint(0, 15)) for _ in range(4)]
    if random.random() < 0.1:
        notes.append("{a*}")
    return {"call": "expand", "args": ["".join(random.choice(parts + notes) for _ in range(random.randint(0, 8)))]}
