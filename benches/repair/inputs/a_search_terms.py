def inputs(random):
    parts = ["red", "Red", "-nuts", "author:Ann", '"big dog"', "-", ":", "x:", "-tag:old", 'tag:"a b"', "Pie", '-"no way"', '"', "tag:new", "--x"]
    query = random.choice([" ", "  ", "\t"]).join(random.choice(parts) for _ in range(random.randint(0, 9)))
    return {"call": random.choice(["split_terms", "parse_query", "parse_query"]), "args": [query]}
