def inputs(random):
    line = random.choice(["info", "WARN", "error", " debug", ""]) + " "
    line += random.choice(["", "", "[db] ", "[]", "[web api]"])
    if random.random() < 0.05:
        line += "[open"
    bits = ["started", "k=1", 'q="a b"', "=x", "n=", "left=5=6", "job", "  ", 'z="', "[y]", 'p="a=b"c']
    line += " ".join(random.choice(bits) for _ in range(random.randint(0, 7)))
    return {"call": "parse_log", "args": [line]}
