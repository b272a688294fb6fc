def inputs(random):
    def version():
        text = random.choice(["", "", "v"]) + ".".join(str(random.choice([0, 0, 1, 2, 9, 10])) for _ in range(random.randint(1, 4)))
        if random.random() < 0.35:
            text += "-" + random.choice(["dev", "alpha", "beta", "rc", "rc"]) + random.choice(["", "1", ".2", "10"])
        return text

    pick = random.random()
    if pick < 0.15:
        return {"call": "parse_version", "args": [version()]}
    if pick < 0.5:
        left = version()
        return {"call": "compare", "args": [left, random.choice([version(), left + ".0" if "-" not in left else left])]}
    left = version()
    rules = [random.choice([">=", "<=", "!=", ">", "<", "~", "=", ""]) + random.choice(["", " "]) + random.choice([left, version()]) for _ in range(random.randint(1, 3))]
    return {"call": "satisfies", "args": [left, ", ".join(rules)]}
