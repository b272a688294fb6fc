def inputs(random):
    if random.random() < 0.3:
        return {"call": "tip_for", "args": [random.choice([0, 1, 2000, random.randint(0, 20000)]), random.choice([0, 10, 12, 15, 20]), random.choice([1, 5, 50, 100])]}
    people = random.sample(["ann", "bo", "cy", "dee", "eli"], random.randint(1, 5))
    items = [[random.choice(people + ["all"]), random.choice([1, 100, 333, random.randint(50, 5000)])] for _ in range(random.randint(0, 7))]
    return {"call": "share_bill", "args": [items, people, random.choice([0, 10, 12, 15, 20])]}
