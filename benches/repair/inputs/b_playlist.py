def inputs(random):
    call = random.choice(["spread", "fit", "move", "clock"])
    n = random.randint(0, 8)
    if call == "spread":
        return {"call": call, "args": [[[random.choice("aabc"), str(i)] for i in range(n)]]}
    if call == "fit":
        lengths = [random.randint(1, 40) * 10 for _ in range(n)]
        return {"call": call, "args": [lengths, random.randint(0, 120) * 10, random.choice([0, 10, 20])]}
    if call == "move":
        start = random.randint(0, n)
        return {"call": call, "args": [list(range(n)), start, random.randint(0, n - start), random.randint(0, n)]}
    return {"call": call, "args": [random.choice([random.randint(0, 200), random.randint(0, 20000)])]}
