def inputs(random):
    call = random.choice(["middle", "trimmed_mean", "outliers", "five_numbers"])
    low = 0 if call == "outliers" else 1
    spread = random.choice([2, 10, 50])
    values = [random.randint(-spread, spread) for _ in range(random.randint(low, 11))]
    if values and random.random() < 0.4:
        values[random.randrange(len(values))] = random.choice([-900, 500])
    if call == "trimmed_mean":
        return {"call": call, "args": [values, random.choice([0, 0.1, 0.2, 0.25, 0.4])]}
    if call == "outliers":
        return {"call": call, "args": [values, random.choice([1, 2, 3, 5])]}
    return {"call": call, "args": [values]}
