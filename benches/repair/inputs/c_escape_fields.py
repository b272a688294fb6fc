def inputs(random):
    def field():
        return "".join(random.choice("ab |\\\n\tNnt") for _ in range(random.choice([0, 1, 3, 8])))
    n = random.choice([0, 1, 2, 4, 7])
    if random.random() < 0.45:
        return {"call": "join", "args": [[None if random.random() < 0.15 else field() for _ in range(n)]]}
    parts = ["\\N" if random.random() < 0.2 else
             field().replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\n").replace("\t", "\\t") for _ in range(n)]
    line = "|".join(parts)
    if random.random() < 0.08:
        line += random.choice(["\\", "\\q", "|\\Nx"])
    return {"call": "split", "args": [line]}
