def inputs(random):
    names = ["ann", "bob", "cy", "di", "ed", "flo", "gus", "hal"]
    chosen = random.sample(names, random.randint(0, 8))
    top = random.choice([2, 4, 20])
    scores = {n: random.randint(-1, top) for n in chosen}
    if random.random() < 0.3:
        return {"call": "podium", "args": [scores]}
    return {"call": "places", "args": [scores, random.choice(["shared", "dense", "mean"])]}
