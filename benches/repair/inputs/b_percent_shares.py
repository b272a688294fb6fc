def inputs(random):
    top = random.choice([3, 10, 200])
    weights = [random.randint(0, top) for _ in range(random.randint(1, 6))]
    call = random.choice(["split_whole", "percentages", "with_others"])
    if call == "split_whole":
        if not any(weights):
            weights[0] = 1
        return {"call": call, "args": [random.choice([0, 7, 10, 100, 999, random.randint(1, 60)]), weights]}
    counts = dict(zip("abcdef", weights))
    if call == "percentages":
        return {"call": call, "args": [counts, random.choice([0, 0, 1, 2])]}
    return {"call": call, "args": [counts, random.choice([0, 5, 10, 25])]}
