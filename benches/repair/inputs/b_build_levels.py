def inputs(random):
    names = list("abcdefg")
    random.shuffle(names)
    names = names[:random.randint(0, 7)]
    needs = {}
    for i, name in enumerate(names):
        if random.random() < 0.85:
            before = names[:i]
            needs[name] = random.sample(before, random.randint(0, min(3, len(before))))
    if names and random.random() < 0.08:
        needs[names[0]] = [names[-1]]
    keys = list(needs)
    random.shuffle(keys)
    needs = {k: needs[k] for k in keys}
    if random.random() < 0.6:
        return {"call": "levels", "args": [needs]}
    return {"call": "needed_by", "args": [needs, random.choice("abcdefg")]}
