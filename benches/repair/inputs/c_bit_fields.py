def inputs(random):
    names = ["a", "b", "mode", "-", "x"]
    random.shuffle(names)
    fields = [(n, random.choice([1, 1, 2, 3, 5, 8])) for n in names[:random.randint(1, 5)]]
    spec = " ".join(n if w == 1 and random.random() < 0.7 else "%s:%d" % (n, w) for n, w in fields)
    total = sum(w for _, w in fields)
    roll = random.random()
    if roll < 0.4:
        values = {n: random.randrange(1 << w) for n, w in fields if random.random() < 0.85}
        if random.random() < 0.1:
            values[fields[0][0]] = 1 << fields[0][1]
        return {"call": "pack", "args": [spec, values]}
    word = random.randrange(1 << total)
    if roll < 0.75:
        if random.random() < 0.06:
            word |= 1 << total
        return {"call": "unpack", "args": [spec, word]}
    return {"call": "describe", "args": [spec, word]}
