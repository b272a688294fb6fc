def inputs(random):
    def address():
        local = random.choice(["ann", "a.nn", "Ann+1", "bob-x", "b_o.b", "ann+", "+tag", "ann", "abcdefghij" * random.choice([1, 3, 4]), "x."])
        domain = random.choice(["post.example", "Mail.Example", "x.org", "x.org", "a-b.co.uk", "x.org", "local", "-a.org", "a.b.1", "a.x", "post.example"])
        if random.random() < 0.08:
            local = random.choice(["", "a b", ".ann", "a..b", "\u00e4nn", "a@b"])
        return random.choice(["", "", "", " "]) + local + "@" + domain
    roll = random.random()
    if roll < 0.3:
        return {"call": "problem", "args": [address()]}
    if roll < 0.55:
        return {"call": "normalise", "args": [address()]}
    return {"call": "unique", "args": [[address() for _ in range(random.choice([0, 1, 3, 8]))]]}
