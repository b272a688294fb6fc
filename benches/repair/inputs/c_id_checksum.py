AL = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

def inputs(random):
    kind = random.random()
    prefix = random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") + random.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
    if kind < 0.35:
        return {"call": "check_character", "args": ["".join(random.choice(AL) for _ in range(random.randint(0, 9)))]}
    if kind < 0.65:
        if random.random() < 0.08:
            prefix += "X"
        return {"call": "make_id", "args": [random.choice([prefix, prefix.lower()]), random.choice([0, 7, random.randint(0, 9999)])]}
    text = prefix + "-%04d-" % random.randint(0, 9999) + random.choice(AL)
    if random.random() < 0.3:
        i = random.randrange(len(text))
        text = text[:i] + random.choice("-IO?A") + text[i + 1:]
    if random.random() < 0.5:
        body = prefix + "%04d" % random.randint(0, 9999)
        total = letters = 0
        for p, s in enumerate(body):
            v = AL.index(s)
            total += v * (3, 7, 1)[p % 3]
            if s.isalpha():
                letters += 1
                total += v if letters % 2 == 0 else 0
        text = body[:2] + "-" + body[2:] + "-" + AL[-total % 34]
    return {"call": "verify", "args": [random.choice([text, text.lower(), " " + text])]}
