def inputs(random):
    def build(depth):
        pick = random.random()
        if depth == 0 or pick < 0.25:
            return random.choice([1, 0, None, "x", True, [], {}])
        if pick < 0.65:
            return {random.choice(["a", "b", "c", "0"]): build(depth - 1) for _ in range(random.randint(1, 3))}
        return [build(depth - 1) for _ in range(random.randint(1, 3))]

    def path():
        text = random.choice(["a", "b", "[0]", "[1]"])
        for _ in range(random.randint(0, 3)):
            text += random.choice([".a", ".b", ".c", "[0]", "[1]", "[2]", ".0"])
        return text + (random.choice([".", "[", "[x]"]) if random.random() < 0.05 else "")

    pick = random.random()
    if pick < 0.15:
        return {"call": "split_path", "args": [path()]}
    if pick < 0.65:
        return {"call": "get_path", "args": [build(4), path(), random.choice([None, "none", 0])]}
    return {"call": "flatten", "args": [build(4)]}
