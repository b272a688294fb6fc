def inputs(random):
    call = random.choice(["round_step", "round_step", "shop_price", "shares"])
    if call == "round_step":
        step = random.choice([1, 2, 5, 10, 25, 100])
        cents = random.choice([random.randint(-300, 300), step * random.randint(-6, 6) + step // 2])
        return {"call": call, "args": [cents, step, random.choice(["near", "even", "up", "down"])]}
    if call == "shop_price":
        return {"call": call, "args": [random.choice([random.randint(1, 1100), random.randint(900, 11000), random.randint(9900, 30000)])]}
    return {"call": call, "args": [random.randint(0, 3000), random.randint(1, 6), random.choice([1, 5, 10, 50])]}
