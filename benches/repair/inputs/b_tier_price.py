def inputs(random):
    tiers = []
    limit = 0
    rate = random.randint(4, 9)
    for _ in range(random.randint(1, 4)):
        limit += random.randint(3, 12)
        tiers.append([limit, rate])
        rate = max(1, rate - random.choice([0, 1, 1, 2, 3, -1]))
    call = random.choice(["sliced_fee", "flat_fee", "cheaper_to_buy_more"])
    if random.random() < 0.7:
        tiers[-1][0] = None
    amount = random.choice([random.randint(0, limit), random.choice([t[0] or 1 for t in tiers])])
    if call == "sliced_fee" and random.random() < 0.4:
        amount = limit + random.randint(1, 20)
    return {"call": call, "args": [amount, tiers]}
