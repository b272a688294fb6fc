def inputs(random):
    words = ["a", "text", "plain;", "q=0.5", "x:y", "longerword", "z"]
    def value():
        return " ".join(random.choice(words) for _ in range(random.choice([0, 1, 2, 6])))
    names = ["Host", "accept", "X-Tag", "x-tag", "Content-Type"]
    if random.random() < 0.4:
        return {"call": "fold_header", "args": [random.choice(names).lower(), value(), random.choice([8, 16, 24, 60])]}
    lines = []
    for _ in range(random.choice([0, 1, 3, 6])):
        lines.append(random.choice(names) + ":" + random.choice(["", " ", "  "]) + value())
        if random.random() < 0.3:
            lines.append(random.choice([" ", "\t", "   "]) + random.choice(words))
    if random.random() < 0.4:
        lines += ["", "body " + value(), "A: b"]
    if random.random() < 0.08:
        lines.insert(random.randint(0, len(lines)), random.choice([" lost", "nocolon", "Bad : x"]))
    return {"call": "parse_headers", "args": [lines]}
