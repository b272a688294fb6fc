def inputs(random):
    if random.random() < 0.5:
        top = random.choice([5, 12, 40])
        return {"call": "format_pages", "args": [[random.randint(1, top) for _ in range(random.randint(0, 15))]]}
    last = random.randint(1, 30)
    parts = []
    for _ in range(random.randint(0, 5)):
        a = random.randint(1, last)
        parts.append(random.choice(["%d" % a, "%d-%d" % (a, a + random.randint(0, 9)), "%d-" % a, "-%d" % a, "", " %d - %d " % (a, a)]))
    if random.random() < 0.08:
        parts.append(random.choice(["-", "0", "5-4"]))
    return {"call": "parse_pages", "args": [",".join(parts), last]}
