def inputs(random):
    base = random.choice([1000, 1024])
    if random.random() < 0.6:
        count = random.choice([0, 1, base - 1, base, base * base, 10 * base, 100 * base, random.randint(-5000, 5000), random.randint(0, 10**random.randint(1, 17))])
        return {"call": "size_text", "args": [count, base]}
    body = random.choice(["%d" % random.randint(0, 2000), "%.1f" % random.uniform(0, 50), ".5", "3."])
    unit = random.choice(["", "B", "KB", "k", "Mb", "G", "tb", "TB"])
    text = body + random.choice(["", " "]) + unit
    if random.random() < 0.05:
        text = "x" + text
    return {"call": "read_size", "args": [text, base]}
