def inputs(random):
    if random.random() < 0.65:
        low = random.randint(-5, 5)
        high = low + random.choice([1, 4, 7, 10, 20])
        values = []
        for _ in range(random.randint(0, 15)):
            values.append(random.choice([low, high, random.randint(low - 2, high + 2), random.randint(2 * low, 2 * high) / 2]))
        return {"call": "histogram", "args": [values, low, high, random.randint(1, 6)]}
    buckets = [random.choice([0, 1, random.randint(0, 40)]) for _ in range(random.randint(0, 8))]
    return {"call": "bars", "args": [buckets, random.randint(1, 12)]}
