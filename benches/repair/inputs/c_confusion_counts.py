def inputs(random):
    labels = ["a", "b", "c", "d"][:random.randint(1, 4)]
    n = random.choice([0, 1, 3, 8, 20])
    truths = [random.choice(labels) for _ in range(n)]
    guesses = [None if random.random() < 0.1 else t if random.random() < 0.5 else random.choice(labels) for t in truths]
    if random.random() < 0.04:
        guesses.append("a")
    args = [truths, guesses]
    if random.random() < 0.5:
        args.append(random.choice([1, 2, 0.5]))
    return {"call": "evaluate", "args": args}
