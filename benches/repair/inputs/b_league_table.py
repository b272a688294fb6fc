def inputs(random):
    teams = ["Reds", "Blues", "New Town", "Golds"]

    def result():
        home, away = random.sample(teams, 2)
        top = random.choice([2, 4, 12])
        return "%s %d-%d %s" % (home, random.randint(0, top), random.randint(0, top), away)

    pick = random.random()
    if pick < 0.15:
        return {"call": "parse_result", "args": [result() + random.choice(["", " "])]}
    if pick < 0.25:
        return {"call": "points_for", "args": [random.randint(0, 4), random.randint(0, 4)]}
    args = [[result() for _ in range(random.randint(0, 7))]]
    if random.random() < 0.4:
        args.append({t: random.randint(1, 3) for t in random.sample(teams, random.randint(0, 2))})
    return {"call": "table", "args": args}
