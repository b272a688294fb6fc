def inputs(random):
    edges = sorted(random.sample(range(0, 30), random.randint(0, 4)))
    names = ["xs", "s", "m", "l", "xl"][:len(edges) + 1]
    top = random.choice([4, 32])
    values = [random.randint(0, top) for _ in range(random.randint(0, 12))]
    call = random.choice(["class_of", "tally", "even_edges", "shift"])
    if call == "class_of":
        value = random.choice(edges + [random.randint(-2, 32)])
        return {"call": call, "args": [value, edges, names, random.choice(["up", "down"])]}
    if call == "tally":
        return {"call": call, "args": [values, edges, names]}
    if call == "even_edges":
        return {"call": call, "args": [values, random.randint(1, 5)]}
    counts = [[[n, random.randint(0, 3)] for n in random.sample("abcd", random.randint(0, 4))] for _ in range(2)]
    return {"call": call, "args": counts}
