def inputs(random):
    month, day = random.randint(1, 12), random.randint(1, 28)
    def code():
        kind = random.choice(["SAVE", "LESS", "SHIP", "save", "LESS"])
        amount = "" if kind == "SHIP" else str(random.choice([1, 5, 15, 50, 20, 51]))
        if random.random() < 0.06:
            amount = random.choice(["", "7"])
        m, d = random.choice([(month, day), (12, 31), (random.randint(1, 12), random.randint(1, 31)), (12, 28), (13, 1) if random.random() < 0.2 else (12, 30)])
        text = "%s%s-%02d%02d" % (kind, amount, m, d) + ("X" if random.random() < 0.15 else "")
        return text if random.random() < 0.95 else random.choice(["GIFT-1212", text[:-1], text.replace("-", " - ")])
    codes = [code() for _ in range(random.choice([0, 1, 2, 3, 6]))]
    return {"call": "checkout", "args": [month, day, random.choice([0, 999, 5000, random.randint(100, 20000)]), random.choice([0, 100, 499]), codes]}
