def inputs(random):
    names = ["Ann", "Bo", "Andy", " Cy ", "", "Dee Dee", "ann", "Sand", "Orla"]
    some = [random.choice(names) for _ in range(random.randint(0, 6))]
    if random.random() < 0.55:
        return {"call": "join_names", "args": [some, random.choice(["and", "or"]), random.random() < 0.5, random.choice([0, 0, 1, 2, 3])]}
    text = ""
    for name in some:
        text += name + random.choice([", ", " and ", ", and ", ",", " or "])
    return {"call": "split_names", "args": [text + random.choice(names), random.choice(["and", "and", "or"])]}
