def inputs(random):
    lines = []
    depth = -1
    for _ in range(random.randint(0, 9)):
        depth = random.randint(0, min(depth + 1, 4))
        lines.append("  " * depth + random.choice(["Intro", "Parts list", "Use", "Notes "]))
    if random.random() < 0.06:
        lines.append("  " * (depth + 2) + "Deep")
    if random.random() < 0.6:
        for _ in range(random.randint(0, 2)):
            lines.insert(random.randint(0, len(lines)), random.choice(["", "   "]))
        return {"call": "number_lines", "args": [lines]}
    return {"call": "nest", "args": [lines]}
