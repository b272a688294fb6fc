def inputs(random):
    cents = random.choice([0, 1, -1, 99, 100, 99999, 100000, random.randint(-10**9, 10**9), random.randint(-9999, 9999)])
    mark, point = random.choice([(".", ","), (",", "."), (" ", ","), ("'", ".")])
    pick = random.random()
    if pick < 0.15:
        return {"call": "group_digits", "args": [str(abs(cents)), mark]}
    if pick < 0.55:
        return {"call": "format_number", "args": [cents, mark, point, random.random() < 0.5]}
    whole = str(random.randint(0, 999)) + (mark + "%03d" % random.randint(0, 999) if random.random() < 0.5 else "")
    part = random.choice(["", point + "5", point + "07", point + "90", point, "", point + "123", point + "4"])
    text = whole + part
    text = random.choice([text, "-" + text, "(" + text + ")", " " + text])
    return {"call": "read_number", "args": [text, mark, point]}
