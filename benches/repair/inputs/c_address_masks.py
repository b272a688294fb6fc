def inputs(random):
    def pattern():
        roll = random.random()
        if roll < 0.3:
            return "*"
        if roll < 0.6:
            return str(random.randint(0, 6))
        items = []
        for _ in range(random.choice([1, 1, 2, 3])):
            a = random.randint(0, 6)
            items.append(random.choice([str(a), "%d-%d" % (a, a + random.randint(0, 5)), "%d-" % a, "-%d" % a]))
        return ",".join(items)
    def mask():
        return random.choice(["", "", "!"]) + ".".join(pattern() for _ in range(random.randint(1, 4)))
    address = ".".join(str(random.choice([random.randint(0, 7), 0, 255])) for _ in range(4))
    roll = random.random()
    if roll < 0.2:
        return {"call": "part_matches", "args": [pattern(), random.randint(0, 9)]}
    if roll < 0.35:
        return {"call": "specificity", "args": [mask()]}
    if roll < 0.55:
        return {"call": "matches", "args": [mask() if random.random() < 0.93 else "*.*.*.*.*", address]}
    return {"call": "decide", "args": [[mask() for _ in range(random.choice([0, 1, 3, 6, 9]))], address]}
