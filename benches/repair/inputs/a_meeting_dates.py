def inputs(random):
    year, month = random.randint(2019, 2030), random.randint(1, 12)
    pick = random.random()
    if pick < 0.35:
        return {"call": "nth_weekday", "args": [year, month, random.randint(0, 6), random.choice([1, 2, 3, 4, 5, 5, -1, -2, -5])]}
    order = random.choice(["first", "Second", "third", "fourth", "fifth", "last"])
    day = random.choice(["monday", "Tue", "wednes", "thu", "Friday", "sat", "SUNDAY"])
    if pick < 0.5:
        return {"call": "parse_rule", "args": [order + " " + (day if random.random() < 0.9 else "xx")]}
    skip = random.sample(range(1, 13), random.choice([0, 0, 1, 3]))
    return {"call": "meetings", "args": [order + "  " + day, year, month, random.randint(0, 6), skip]}
