def inputs(random):
    def payload():
        return [random.choice([random.randint(0, 255), 126, 125, 0, 255]) for _ in range(random.choice([0, 1, 3, 6, 20]))]
    if random.random() < 0.4:
        return {"call": "frame", "args": [payload()]}
    stream = []
    for _ in range(random.randint(0, 4)):
        p = payload()
        stream.append(126)
        for b in p + [(255 - sum(p)) & 255]:
            stream += [125, b ^ 32] if b in (125, 126) else [b]
        if random.random() < 0.9:
            stream.append(126)
        if random.random() < 0.25:
            stream[random.randrange(len(stream))] = random.choice([0, 125, 126, 33])
    if random.random() < 0.2:
        stream += [5, 6]
    return {"call": "unframe", "args": [stream]}
