def inputs(random):
    def size():
        bottom = random.choice([2, 3, 4, 8, 16, 5])
        part = "%d/%d" % (random.randint(0, bottom + 2), bottom)
        text = random.choice([part, str(random.randint(0, 12)), "%d %s" % (random.randint(0, 12), part)])
        return random.choice(["", "", "-", "- "]) + text + random.choice(["", " "])

    if random.random() < 0.5:
        texts = [size() for _ in range(random.randint(0, 4))]
        if random.random() < 0.1:
            texts.append(random.choice(["1/", "2 2", "", "1 2/0"]))
        return {"call": "add_all", "args": [texts]}
    return {"call": "nearest", "args": [size(), random.choice([1, 2, 4, 8, 10])]}
