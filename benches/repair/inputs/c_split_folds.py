def inputs(random):
    n = random.choice([1, 2, 5, 9, 20])
    labels = [random.choice(["a", "b", "c", "dd"][:random.randint(1, 4)]) for _ in range(n)]
    roll = random.random()
    count = random.randint(1, min(n, 5))
    if roll < 0.45:
        if random.random() < 0.05:
            count = n + 1
        return {"call": "balanced_folds", "args": [labels, count]}
    if roll < 0.8:
        return {"call": "grouped_folds", "args": [labels, random.randint(1, 4)]}
    items = list(range(n))
    random.shuffle(items)
    folds = [sorted(items[k::count]) for k in range(count)]
    number = random.randrange(count)
    if random.random() < 0.08:
        number = count
    return {"call": "train_test", "args": [folds, number]}
