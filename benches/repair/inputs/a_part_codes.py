def inputs(random):
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    family = "".join(random.choice(letters) for _ in range(random.randint(2, 4)))
    pick = random.random()
    if pick < 0.3:
        return {"call": "check_letter", "args": ["".join(random.choice(letters + "0123456789") for _ in range(random.randint(0, 12)))]}
    if pick < 0.65:
        return {"call": "make_code", "args": [random.choice([family, family.lower(), family + "Q" if random.random() < 0.1 else family]), random.choice([0, 7, random.randint(0, 9999), random.randint(0, 999999)])]}
    digits = random.choice(["%04d" % random.randint(0, 9999)] * 4 + ["12", "01234", "12345", "1x34"])
    total = sum((2 + i % 6) * (int(c) if c.isdigit() else 10 + letters.find(c)) for i, c in enumerate(reversed(family + digits)))
    check = random.choice([letters[total % 23], letters[total % 23], random.choice(letters)])
    return {"call": "problem_with", "args": [random.choice(["-", "-", "-", "-", "-", ""]).join([family, digits, check])]}
