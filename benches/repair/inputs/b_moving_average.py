def inputs(random):
    gaps = random.choice([0, 0, 0.3])
    values = [None if random.random() < gaps else random.randint(-5, 30) for _ in range(random.randint(0, 10))]
    call = random.choice(["trailing", "centred", "exponential"])
    if call == "trailing":
        return {"call": call, "args": [values, random.randint(1, 5)]}
    if call == "centred":
        return {"call": call, "args": [values, random.randint(0, 4)]}
    return {"call": call, "args": [values, random.choice([0, 0.25, 0.5, 0.75, 1])]}
