def inputs(random):
    alphabet = "23456789bcdfghjkmnpqrstvwxz"
    call = random.choice(["encode", "decode", "grouped", "following"])
    if call == "encode":
        number = random.choice([random.randint(0, 60), random.randint(0, 1000000)])
        return {"call": call, "args": [number, random.randint(1, 6)]}
    size = random.randint(1, 9)
    text = "".join(random.choice(alphabet) for _ in range(size))
    if random.random() < 0.3:
        cut = random.randint(0, size)
        text = text[:cut] + "z" * (size - cut)
    if call == "grouped":
        return {"call": call, "args": [text]}
    if random.random() < 0.4:
        cut = random.randint(0, size)
        text = text[:cut].upper() + random.choice("- ") + text[cut:]
    if random.random() < 0.05:
        text += "a"
    return {"call": call, "args": [text]}
