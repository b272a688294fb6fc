def inputs(random):
    words = ["cat", "cats", "dog", "the", "and", "tea", "milk", "glass", "Bus", "car", "x1"]
    def text():
        return random.choice([" ", ", "]).join(random.choice(words) for _ in range(random.choice([0, 1, 2, 4, 8])))
    roll = random.random()
    if roll < 0.25:
        return {"call": "term_counts", "args": [text()]}
    if roll < 0.5:
        v = lambda: {k: random.randint(0, 5) for k in random.sample("abcd", random.randint(0, 4))}
        return {"call": "cosine", "args": [v(), v()]}
    notes = {n: text() for n in random.sample("pqrstu", random.randint(0, 6))}
    args = [notes, text()]
    if random.random() < 0.5:
        args.append(random.randint(1, 5))
    return {"call": "search", "args": args}
