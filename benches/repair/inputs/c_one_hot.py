def inputs(random):
    def record():
        r = {}
        if random.random() < 0.8:
            r["c"] = random.choice(["red", "red", "blue", "green"])
        if random.random() < 0.6:
            r["n"] = random.choice([0, 1, 2.5, 7])
        if random.random() < 0.4:
            r["m"] = random.choice([1, 1, "1", "x"])
        return r
    args = [[record() for _ in range(random.choice([0, 1, 3, 6, 12]))]]
    if random.random() < 0.75:
        args.append(random.choice([1, 2, 2, 3]))
        if random.random() < 0.7:
            args.append([record() for _ in range(random.randint(0, 4))])
            if args[2] and random.random() < 0.4:
                args[2][0]["c"] = "pink"
    return {"call": "one_hot", "args": args}
