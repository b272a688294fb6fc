def inputs(random):
    def number():
        return random.choice([167772160, 167772160, 3232235520, 0]) + random.choice([random.randint(0, 30), random.randint(0, 600)])
    def dotted(n):
        return "%d.%d.%d.%d" % (n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255)
    def text():
        n = number()
        roll = random.random()
        if roll < 0.3:
            return dotted(n)
        if roll < 0.6:
            return dotted(n) + "-" + str(random.randint(n & 255, 255))
        return dotted(n) + random.choice(["-", " - "]) + dotted(n + random.choice([0, 1, 5, 40, 300]))
    roll = random.random()
    if roll < 0.15:
        return {"call": "to_number", "args": [random.choice([dotted(number()), dotted(number()), dotted(number()), "1.2.3", "1.02.3.4", "300.1.1.1"])]}
    if roll < 0.25:
        return {"call": "to_address", "args": [number()]}
    if roll < 0.45:
        return {"call": "parse_range", "args": [text() if random.random() < 0.9 else "10.0.0.9-2"]}
    return {"call": "merge", "args": [[text() for _ in range(random.choice([0, 1, 3, 6, 10]))]]}
