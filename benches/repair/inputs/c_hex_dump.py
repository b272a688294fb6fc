def inputs(random):
    width = random.choice([2, 4, 8, 8, 3])
    data = []
    for _ in range(random.choice([0, 1, 2, 4])):
        roll = random.random()
        if roll < 0.4:
            data += [random.choice([0, 48, 255])] * random.choice([3, 8, 16, 20])
        elif roll < 0.7:
            data += list(b"Hello |x:| ~")[:random.randint(1, 12)]
        else:
            data += [random.randint(0, 255) for _ in range(random.randint(1, 9))]
    if random.random() < 0.6:
        return {"call": "dump", "args": [data, width] if random.random() < 0.8 else [data]}
    lines, prev = [], None
    for o in range(0, len(data), width):
        c = data[o:o + width]
        if c == prev and o + width < len(data):
            if lines[-1] != "*":
                lines.append("*")
            continue
        prev = c
        h = ["%02x" % b for b in c]
        lines.append("%04x: %s  %s |%s|" % (o, " ".join(h[:width // 2]), " ".join(h[width // 2:]), "." * len(c)))
    return {"call": "undump", "args": [lines]}
