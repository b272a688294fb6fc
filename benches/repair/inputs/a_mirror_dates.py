def inputs(random):
    style = random.choice(["dmy", "ymd"])
    year = random.choice([2001, 2010, 2020, 2021, 2022, random.randint(1900, 2190)])
    if random.random() < 0.4:
        return {"call": "mirror_in_year", "args": [year, style]}
    start = "%04d-%02d-%02d" % (year, random.randint(1, 12), random.randint(1, 28))
    return {"call": "next_mirror", "args": [start, style, random.choice([0, 1, 5, 20, 60])]}
