def inputs(random):
    uses = []
    for _ in range(random.randint(0, 16)):
        key = random.choice("abcdef")
        uses.append([key, random.randint(1, 5)] if random.random() < 0.2 else key)
    return {"call": "replay", "args": [random.randint(1, 5), uses, random.randint(0, 4)]}
