def inputs(random):
    n = random.choice([0, 1, 4, 8, 15, 40])
    script = "".join(random.choice("tttttttpptn") for _ in range(n))
    if random.random() < 0.4:
        script = script.replace("n", "t")
    if random.random() < 0.03:
        script += "z"
    return {"call": "run_light", "args": [script]}
