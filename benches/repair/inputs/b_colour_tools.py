def inputs(random):
    def colour():
        pick = random.random()
        if pick < 0.35:
            return "#" + "".join(random.choice("0123456789abcdef") for _ in range(3))
        digits = "".join(random.choice("0123456789abcdef") for _ in range(6))
        return random.choice(["#", ""]) + random.choice([digits, digits.upper()])

    call = random.choice(["parse", "to_text", "mix", "brightness", "text_colour"])
    if call == "parse":
        return {"call": call, "args": [colour() + random.choice(["", "", "", "", "", "x"])]}
    if call == "to_text":
        parts = random.choice([[random.randint(-20, 280) for _ in range(3)], [17 * random.randint(0, 15) for _ in range(3)]])
        return {"call": call, "args": [parts]}
    if call == "mix":
        return {"call": call, "args": [colour(), colour(), random.choice([0, 0.25, 0.5, 0.9, 1])]}
    if call == "brightness":
        return {"call": call, "args": [colour()]}
    args = [colour()]
    if random.random() < 0.5:
        args.append([colour() for _ in range(random.randint(0, 4))])
    return {"call": call, "args": args}
