def inputs(random):
    ids = random.sample("abcdefgh", random.randint(0, 7))
    orders = []
    for i in ids:
        order = {"id": i, "day": random.randint(1, 4), "item": random.choice("xyz"), "qty": random.randint(0, 9)}
        if random.random() < 0.4:
            order["priority"] = random.randint(-1, 2)
        if random.random() < 0.5:
            order["partial"] = random.random() < 0.7
        orders.append(order)
    if random.random() < 0.65:
        stock = {i: random.randint(0, 20) for i in random.sample("xyz", random.randint(0, 3))}
        return {"call": "allocate", "args": [stock, orders]}
    given = {i: random.randint(0, 10) for i in ids if random.random() < 0.8}
    return {"call": "fill_rate", "args": [orders, given]}
