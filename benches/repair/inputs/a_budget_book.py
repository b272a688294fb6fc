def inputs(random):
    names = random.sample(["food", "fun", "rent", "car"], random.randint(1, 4))
    limits = {name: random.choice([75, 100, 1000, random.randint(1, 3000)]) for name in names}
    entries = []
    month = 1
    for _ in range(random.randint(0, 10)):
        month = min(month + random.choice([0, 0, 1, 2]), 12)
        name = random.choice(names)
        cents = random.choice([0, limits[name], limits[name] // 2, limits[name] * 2, -50, random.randint(1, 1500)])
        entries.append("2024-%02d %s %d" % (month, name, cents))
    return {"call": "run_book", "args": [limits, entries]}
