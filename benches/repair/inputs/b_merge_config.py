def inputs(random):
    def value(depth):
        kind = random.randint(0, 5)
        if kind == 0:
            return random.randint(0, 9)
        if kind == 1:
            return random.choice(["on", "off"])
        if kind == 2 or depth == 0:
            return [random.randint(0, 4) for _ in range(random.randint(0, 3))]
        return tree(depth - 1)

    def tree(depth):
        result = {}
        for key in random.sample("abcd", random.randint(0, 3)):
            result[key] = value(depth)
        return result

    def layer(depth):
        result = {}
        for key in random.sample("abcd", random.randint(0, 3)):
            pick = random.random()
            if pick < 0.15:
                result[key] = None
            elif pick < 0.5:
                result[key] = layer(depth - 1) if depth else 7
            else:
                result[key] = value(depth)
        if random.random() < 0.15:
            result["+" + random.choice("abcd")] = [random.randint(0, 4)]
        return result

    if random.random() < 0.7:
        return {"call": "merge", "args": [tree(2), layer(2)]}
    layers = [None if random.random() < 0.2 else layer(1) for _ in range(random.randint(0, 4))]
    return {"call": "merge_all", "args": [layers]}
