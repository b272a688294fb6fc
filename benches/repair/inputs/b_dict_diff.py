def inputs(random):
    def tree(depth):
        result = {}
        for key in random.sample("abcd", random.randint(0, 4)):
            if depth and random.random() < 0.45:
                result[key] = tree(depth - 1)
            else:
                result[key] = random.randint(0, 3)
        return result

    if random.random() < 0.6:
        return {"call": "diff", "args": [tree(2), tree(2)]}
    old = tree(2)
    paths = list(old)
    for key, value in old.items():
        if isinstance(value, dict):
            paths.extend(key + "." + k for k in list(value) + ["n"])
    changes = []
    for path in random.sample(paths, min(len(paths), random.randint(0, 3))):
        kind = random.choice(["removed", "changed"]) if path[-1] != "n" else "added"
        changes.append([kind, path, random.randint(5, 9)])
    if random.random() < 0.3:
        changes.append(["added", "zz", 1])
    return {"call": "patch", "args": [old, changes]}
