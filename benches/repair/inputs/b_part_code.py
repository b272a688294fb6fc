def inputs(random):
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    body = "".join(random.choice(letters + "0123456789" * 2) for _ in range(random.randint(1, 6)))
    call = random.choice(["weight_sum", "seal", "clean", "verdict", "verdict", "verdict"])
    if call in ("weight_sum", "seal"):
        return {"call": call, "args": [body]}
    if call == "clean":
        return {"call": call, "args": ["".join(random.choice("aBoI1-. 7x") for _ in range(random.randint(0, 8)))]}
    total = 0
    for i, char in enumerate(body):
        worth = int(char) if char.isdigit() else 10 + letters.index(char)
        total += worth * (3 if i % 2 == 0 else 1)
    code = body + letters[total % 24]
    pick = random.random()
    if pick < 0.35 and len(body) > 1:
        i = random.randrange(len(body) - 1)
        code = code[:i] + code[i + 1] + code[i] + code[i + 2:]
    elif pick < 0.6:
        i = random.randrange(len(code))
        code = code[:i] + random.choice("5AK?") + code[i + 1:]
    if random.random() < 0.4:
        i = random.randint(0, len(code))
        code = code[:i] + "-" + code[i:].lower()
    return {"call": "verdict", "args": [code]}
