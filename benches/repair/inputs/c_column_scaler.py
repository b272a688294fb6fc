def inputs(random):
    cols = random.randint(1, 4)
    def cell():
        return None if random.random() < 0.12 else random.choice([random.randint(-9, 9), random.randint(0, 3), random.randint(-40, 100) / 4, 5])
    rows = [[cell() for _ in range(cols)] for _ in range(random.choice([1, 2, 3, 5, 12]))]
    new = [[cell() for _ in range(cols)] for _ in range(random.choice([0, 1, 2, 4]))]
    if random.random() < 0.3:
        new = rows
    args = [rows, new]
    if random.random() < 0.85:
        args.append(random.choice(["range", "standard", "robust", "standard", "robust"]))
    return {"call": "scale", "args": args}
