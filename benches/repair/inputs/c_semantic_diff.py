def inputs(random):
    def value(depth):
        roll = random.random()
        if roll < 0.25 and depth < 3:
            return {k: value(depth + 1) for k in random.sample(["a", "b", "c", "d"], random.randint(0, 3))}
        if roll < 0.4 and depth < 3:
            return [value(depth + 1) for _ in range(random.randint(0, 3))]
        return random.choice([0, 1, 2, 2.5, True, False, None, "x", "x  y", "x y", ""])
    def change(v):
        if isinstance(v, dict):
            out = {k: change(x) for k, x in v.items() if random.random() < 0.85}
            if random.random() < 0.2:
                out["new"] = 1
            return out
        if isinstance(v, list):
            return [change(x) for x in v if random.random() < 0.9]
        return v if random.random() < 0.6 else value(3)
    old = {k: value(0) for k in random.sample(["a", "b", "c", "d"], random.randint(0, 4))}
    args = [old, change(old)]
    if random.random() < 0.4:
        args.append(random.choice([0.5, 1, 2]))
    return {"call": "diff", "args": args}
