def inputs(random):
    x = random.randint(-10, 5)
    points = []
    for _ in range(random.randint(2, 6)):
        points.append([x, random.randint(-4, 12)])
        x += random.choice([1, 2, 4, 5, 10])
    if random.random() < 0.6:
        at = random.choice([random.choice(points)[0], random.randint(points[0][0] - 4, points[-1][0] + 4)])
        return {"call": "value_at", "args": [points, at, random.choice(["hold", "extend"])]}
    return {"call": "crossings", "args": [points, random.randint(-3, 10)]}
