def inputs(random):
    names = ["a", "b", "c", "d"]
    facts = {n: random.randint(0, 6) for n in names if random.random() < 0.6}
    rules = []
    for i in range(random.choice([0, 1, 3, 6])):
        when = [[random.choice(names), random.choice(["is", "not", "over", "under", "missing"]), random.randint(0, 6)]
                for _ in range(random.choice([0, 1, 1, 2]))]
        rules.append({"name": "r%d" % i, "when": when,
                      "set": {random.choice(names): random.randint(0, 6) for _ in range(random.randint(1, 2))}})
    args = [rules, facts]
    if random.random() < 0.3:
        args.append(random.randint(0, 4))
    return {"call": "run_rules", "args": args}
