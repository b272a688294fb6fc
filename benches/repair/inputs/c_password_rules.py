def inputs(random):
    parts = ["qwer", "4321", "aaa", "Zug", "!", "x", "B", "7", "mara", "Ost", "zz", "_-", "lkjh"]
    text = "".join(random.choice(parts) for _ in range(random.choice([0, 1, 3, 4, 5, 7])))
    if random.random() < 0.3:
        text = "".join(random.choice("aBc1!dE2xyZ") for _ in range(random.choice([7, 8, 11, 12, 16, 18])))
    roll = random.random()
    if roll < 0.12:
        return {"call": "has_walk", "args": [text] + ([random.randint(2, 5)] if random.random() < 0.6 else [])}
    if roll < 0.22:
        return {"call": "longest_repeat", "args": [text]}
    args = [text]
    if random.random() < 0.5:
        args.append(random.choice(["mara", "MARA", "zu", "", "ost"]))
    return {"call": "check", "args": args}
